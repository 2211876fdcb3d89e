"""/api/openapi.json and /api/docs, made from the same table that serves the requests, so that they cannot say anything else. Open to everybody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

from flask import Blueprint, jsonify, render_template
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, TypeAdapter

from app.web import api_webhooks
from app.web.api_core import Operation
from app.web.api_reads import READS
from app.web.api_writes import WRITES
from app.web.auth import PUBLIC, states
from app.web.uploads import FILE_BYTES, Arrived, Fields

REF = "#/components/schemas/{model}"
OPERATIONS: tuple[Operation, ...] = (*READS, *WRITES)
HASH = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
KEY_TYPES = {"id": {"type": "integer", "minimum": 0}, "sha256": HASH, "rendition": HASH}
PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details: the one shape of every error.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "field": {"type": "string", "description": "the first field that is wrong"},
        "errors": {"type": "array", "items": {"type": "object", "properties": {"field": {"type": "string"}, "message": {"type": "string"}}}},
    },
}
IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same request gets the same answer and no second effect; with another request 409.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
MEANINGS = {
    401: "No key, or one that is not active",
    403: "The key's role does not reach",
    404: "There is no such row",
    409: "It cannot be done now, or the Idempotency-Key was used for another request",
    413: "Too large",
    422: "A field is wrong, and which",
}

bp = states(Blueprint("api_document", __name__, url_prefix="/api"), PUBLIC)


@bp.get("/openapi.json")
def openapi() -> ResponseReturnValue:
    return jsonify(document())


@bp.get("/docs")
def pages() -> ResponseReturnValue:
    return render_template("api_docs.html", document=document(), operations=_for_people())


@cache
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document of `/api/v1`."""
    schemas: dict[str, Any] = {"Problem": PROBLEM}
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(f"/api/v1{operation.path}", {})[operation.method.lower()] = _operation(operation, schemas)
    paths.setdefault("/api/v1/photos", {})["post"] = _upload(schemas)
    told = api_webhooks.described(REF, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Packshot",
            "version": version("packshot"),
            "description": "Product photographs to live marketplace listings. Lists are paged: `next` of a page is the `cursor` of the one after.",
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "paths": paths,
        "webhooks": told,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key, pk_..., made by an administrator."}},
        },
    }


def _operation(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    shape = _schema(operation.answer, schemas, mode="serialization")
    if operation.many:
        shape = {
            "type": "object",
            "required": ["items", "next"],
            "properties": {"items": {"type": "array", "items": shape}, "next": {"type": ["string", "null"]}},
        }
    keys = [
        {"name": name, "in": "path", "required": True, "schema": KEY_TYPES.get(name, {"type": "string"})} for name in re.findall(r"{(\w+)}", operation.path)
    ]
    queries = [
        {"name": name, "in": "query", "required": False, "description": parameter.words, "schema": _inline(parameter.kind, schemas)}
        for name, parameter in operation.query.items()
    ]
    writes = operation.method != "GET"
    codes = (401, 403, 404, 409, 413, 422) if writes else (401, 403, 404, 422)
    answers = {str(operation.status): _answer("Done" if writes else "Here it is", shape)}
    if operation.name == "put_product":
        answers["201"] = _answer("Made", shape)
    said: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.path.split("/")[1]],
        "summary": operation.summary,
        "description": f"Needs the role {operation.role}.",
        "parameters": [*keys, *queries, *([IDEMPOTENCY] if writes else [])],
        "responses": answers | _errors(codes),
    }
    if operation.body is not None:
        body = _schema(operation.body, schemas, mode="validation")
        needed = bool(operation.body.model_json_schema().get("required"))
        said["requestBody"] = {"required": needed, "content": {"application/json": {"schema": body}}}
    return said


def _upload(schemas: dict[str, Any]) -> dict[str, Any]:
    one = _schema(Arrived, schemas, mode="serialization")
    many = {"type": "object", "properties": {"batch": {"type": "integer"}, "arrivals": {"type": "array", "items": one}}}
    fields = Fields.model_json_schema()["properties"]
    files = {"oneOf": [{"type": "string", "format": "binary"}, {"type": "array", "items": {"type": "string", "format": "binary"}}]}
    form = {"type": "object", "required": ["file"], "properties": {"file": files, **fields}}
    return {
        "operationId": "upload_photos",
        "tags": ["photos"],
        "summary": "Bring photographs, one or many; 202: they are kept.",
        "description": f"Needs the role operator. At most {FILE_BYTES // 1024**2} MB a file.",
        "parameters": [IDEMPOTENCY],
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}},
        "responses": {"202": _answer("Kept: one object, or `arrivals` for several files", {"anyOf": [one, many]})} | _errors((401, 403, 409, 413, 422)),
    }


def _answer(words: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _errors(codes: Sequence[int]) -> dict[str, Any]:
    body = {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}}
    return {str(code): {"description": MEANINGS[code], "content": body} for code in codes}


def _schema(model: type[BaseModel], schemas: dict[str, Any], *, mode: str) -> dict[str, Any]:
    made = model.model_json_schema(ref_template=REF, mode="serialization" if mode == "serialization" else "validation")
    schemas.update(made.pop("$defs", {}))
    schemas[model.__name__] = made
    return {"$ref": REF.format(model=model.__name__)}


def _inline(kind: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    made = TypeAdapter(kind).json_schema(ref_template=REF)
    schemas.update(made.pop("$defs", {}))
    return made


def _for_people() -> list[dict[str, Any]]:
    """The document as the page lists it: in order of address."""
    found = []
    for path, methods in document()["paths"].items():
        for method, said in methods.items():
            body = said.get("requestBody", {}).get("content", {})
            found.append({"method": method.upper(), "path": path, **said, "body": next(iter(body.items()), None)})
    return sorted(found, key=lambda one: (one["path"], one["method"]))
