"""The practice Amazon's product types: their search, their definitions and schemas, and what a new listing is held against."""

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from flask import Response, abort, jsonify, request

from integrations.practice.amazon_door import Answer, blueprint, csv, marketplaces, signed_in
from integrations.practice.amazon_view import LOCATOR
from integrations.practice.current import public_url

VERSION = "PRACTICE-1"
LOCATORS = [
    "main_product_image_locator",
    *(f"other_product_image_locator_{number}" for number in range(1, 9)),
    "swatch_product_image_locator",
    "main_offer_image_locator",
    *(f"other_offer_image_locator_{number}" for number in range(1, 6)),
]


@lru_cache
def table() -> dict[str, Any]:
    """product_types.yaml."""
    read: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("product_types.yaml").read_text(encoding="utf-8"))
    return read


def required(product_type: str) -> list[str]:
    """What every new listing of the type must say."""
    return [*table()["every"], *table()["types"][product_type]["required"]]


@lru_cache
def schema(product_type: str, marketplace_id: str) -> bytes:
    """The type's JSON Schema as a file, in the form of the real ones."""
    here = {"marketplace_id": {"title": "Marketplace", "type": "string", "enum": [marketplace_id]}}
    properties = {name: attribute_schema(entry, here) for name, entry in table()["attributes"].items()}
    media = {"media_location": {"title": "Media location", "type": "string", "minLength": 1}}
    for name in LOCATORS:
        properties[name] = array(name, {**media, **here}, ["media_location"])
    whole = {
        "$schema": "https://json-schema.org/draft/2019-09/schema",
        "type": "object",
        "properties": properties,
        "required": required(product_type),
        "allOf": [{"anyOf": [{"required": [name]} for name in table()["either"]]}],
        "additionalProperties": False,
    }
    return json.dumps(whole).encode()


def array(title: str, parts: dict[str, Any], needed: list[str]) -> dict[str, Any]:
    """An attribute: a list of objects."""
    items = {"type": "object", "required": needed, "properties": parts, "additionalProperties": False}
    return {"title": title, "type": "array", "minItems": 1, "minUniqueItems": 1, "items": items}


def attribute_schema(entry: Mapping[str, Any], here: dict[str, Any]) -> dict[str, Any]:
    """One attribute of the table as JSON Schema."""
    beside = {} if entry.get("everywhere") else dict(here)
    if "parts" in entry:
        return array(entry["title"], {**{name: {} for name in entry["parts"]}, **beside}, list(entry["parts"]))
    value: dict[str, Any] = {"type": entry["value"]}
    if "choices" in entry:
        value["enum"] = entry["choices"]
    elif entry["value"] == "string":
        value |= {"minLength": 1, "maxLength": entry["most"]}
    parts, needed = {"value": value}, ["value"]
    if "unit" in entry:
        parts["unit"], needed = {"type": "string", "enum": entry["unit"]}, ["value", "unit"]
    if entry.get("language"):
        parts["language_tag"] = {"type": "string"}
    return array(entry["title"], {**parts, **beside}, needed)


@blueprint.get("/definitions/2020-09-01/productTypes")
@signed_in
def search_types() -> Response:
    """Types whose keywords are asked for, or stand in an item's name; all of them where neither is given."""
    ids, keywords, name = marketplaces(), [word.lower() for word in csv("keywords")], request.args.get("itemName")
    if keywords and name is not None:
        raise Answer(400, "InvalidInput", "keywords and itemName exclude each other.", "keywords")
    words = set(keywords or (name or "").lower().split())
    found = [(key, entry) for key, entry in table()["types"].items() if not (keywords or name) or words & set(entry["keywords"])]
    listed = [{"name": key, "displayName": entry["display"], "marketplaceIds": ids} for key, entry in found]
    return jsonify(productTypes=listed, productTypeVersion=VERSION)


@blueprint.get("/definitions/2020-09-01/productTypes/<product_type>")
@signed_in
def definition(product_type: str) -> Response:
    """A type's definition: the schema itself is behind a link, and is known by its checksum."""
    ids = marketplaces()
    if len(ids) != 1:
        raise Answer(400, "InvalidInput", "marketplaceIds takes one marketplace.", "marketplaceIds")
    if product_type not in table()["types"]:
        raise Answer(404, "NOT_FOUND", f"Product type '{product_type}' not found.")
    data = schema(product_type, ids[0])
    checksum = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
    return jsonify(
        schema={"link": {"resource": f"{public_url()}/schemas/{product_type}/{ids[0]}.json", "verb": "GET"}, "checksum": checksum},
        requirements=request.args.get("requirements", "LISTING"),
        requirementsEnforced=request.args.get("requirementsEnforced", "ENFORCED"),
        propertyGroups={"all": {"title": "All", "propertyNames": list(table()["attributes"])}},
        locale=request.args.get("locale", "en_GB"),
        marketplaceIds=ids,
        productType=product_type,
        displayName=table()["types"][product_type]["display"],
        productTypeVersion={"version": VERSION, "latest": True},
    )


@blueprint.get("/schemas/<product_type>/<marketplace_id>.json")
def schema_file(product_type: str, marketplace_id: str) -> Response:
    """A schema, for whoever has its address; an access token has no business here."""
    if product_type not in table()["types"] or "x-amz-access-token" in request.headers:
        abort(403)
    return Response(schema(product_type, marketplace_id), content_type="application/json")


def known(product_type: str, name: str) -> bool:
    """Whether the type has the attribute; the generic one takes pictures for all."""
    return bool(LOCATOR.match(name)) or (product_type in table()["types"] and name in table()["attributes"])


def faults_of(name: str, value: Any) -> list[str]:
    """What is wrong with a known attribute's value, in Amazon's manner; its marketplace is looked at elsewhere."""
    entry = table()["attributes"].get(name)
    if entry is None:
        return []
    found = []
    beside = {"marketplace_id", "language_tag"} if entry.get("language") else {"marketplace_id"}
    allowed = {*entry.get("parts", ["value"]), *(["unit"] if "unit" in entry else []), *(set() if entry.get("everywhere") else beside)}
    kinds: dict[str, Any] = {"string": str, "number": (int, float), "integer": int, "boolean": bool}
    for one in value:
        found += [f"'{key}' is not a part of '{name}'." for key in one if key not in allowed]
        found += [f"'{key}' is required but not supplied in '{name}'." for key in entry.get("parts", ["value"]) if one.get(key) in (None, "", [])]
        if "value" not in entry or one.get("value") in (None, ""):
            continue
        told = one["value"]
        if not isinstance(told, kinds[entry["value"]]) or (isinstance(told, bool) and entry["value"] != "boolean"):
            found.append(f"'{name}' must be of type {entry['value']}.")
        elif "choices" in entry and told not in entry["choices"]:
            found.append(f"'{told}' is not a valid value of '{name}'.")
        elif len(str(told)) > entry.get("most", 10_000):
            found.append(f"'{name}' is longer than {entry['most']} characters.")
        if "unit" in entry and one.get("unit") not in entry["unit"]:
            found.append(f"'unit' is required in '{name}': one of {', '.join(entry['unit'])}.")
    return found
