"""POST /api/v1/photos: photographs come in, one or many in a multipart form. A 202 means: their bytes and rows are kept.

Nothing is decoded here, and a name is only ever words: it is no path, and it says at most which SKU and shot a file shows.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.datastructures import FileStorage

from app.models import Arrival, Batch
from app.stages.intake import open_batch, receive_file
from app.web.auth import KEY, needs, states, who
from app.web.errors import problem
from app.web.idempotency import Answer, fingerprint, once
from app.web.problems import wrong
from app.web.session import kit, session

FILE_BYTES = 128 * 1024**2
REQUEST_BYTES = 1024**3
FILES = 500
NAME_CHARACTERS = 255

bp = states(Blueprint("uploads", __name__, url_prefix="/api/v1"), KEY)

_in_memory = threading.BoundedSemaphore(4)  # files held in memory at once, whatever the number of threads
_PLAIN = r"^[^\x00-\x1f\x7f]+$"  # no control characters
_DRIVE = re.compile(r"^[A-Za-z]:")


class Fields(BaseModel):
    """What may be said beside the files; it holds for all of them."""

    model_config = ConfigDict(extra="forbid")

    sku: str | None = Field(None, min_length=1, max_length=120, pattern=_PLAIN, description="the SKU they show; else read from each file's name")
    shot: str | None = Field(
        None, max_length=32, pattern=r"^[a-z0-9][a-z0-9_-]*$", description="what they show: dial, side ...; else read from each file's name"
    )
    order: int = Field(0, ge=0, le=1000, description="place in the image set; 0: by the category's template")
    batch: str | None = Field(None, min_length=1, max_length=200, pattern=_PLAIN, description="name or number of the batch they belong to")
    batch_name: str | None = Field(None, min_length=1, max_length=200, pattern=_PLAIN, description="its name, even if that is a number")


class Arrived(BaseModel):
    """What became of one file."""

    arrival: int
    batch: int
    sku: str | None
    shot: str
    state: str
    name: str
    sha256: str | None


@bp.url_value_preprocessor
def limit(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Before anything reads the form (the CSRF check does): how large it may be."""
    request.max_content_length = REQUEST_BYTES
    request.max_form_parts = FILES + 20


@bp.post("/photos")
@needs("operator")
def take_photos() -> ResponseReturnValue:
    """202 {arrival, batch, sku, shot, state} and, for several files, `arrivals`. 413 over 128 MB a file; 422 for a wrong field."""
    files = request.files.getlist("file")
    if others := sorted(set(request.files) - {"file"}):
        return wrong([(others[0], "files are sent in the field `file`")])
    if not files:
        return wrong([("file", "at least one file is needed")])
    try:
        fields = Fields.model_validate({name: value for name, value in request.form.items() if value != "" and name != "csrf_token"})
    except ValidationError as error:
        return wrong(error)
    if large := [file for file in files if _size(file) > FILE_BYTES]:
        return problem(413, f"{clean_name(large[0].filename)} is larger than {FILE_BYTES // 1024**2} MB.", field="file")
    taken = [(clean_name(file.filename), _keep(file)) for file in files]
    return once(fingerprint(fields.model_dump(), taken), lambda: _receive(fields, taken))


def clean_name(given: str | None) -> str:
    """A file name as words: no path but, where it was a plain one, the folder it lay in (which may name the SKU); no control or direction characters."""
    name = "".join(c for c in unicodedata.normalize("NFC", given or "") if unicodedata.category(c)[0] != "C").replace("\\", "/")
    parts = [part.strip() for part in name.split("/") if part.strip(". ")]
    plain = not name.startswith("/") and not _DRIVE.match(name) and ".." not in name.split("/")
    kept = "/".join(parts[-2:] if plain else parts[-1:])
    return kept[-NAME_CHARACTERS:].lstrip("/") or "photo"


def _size(file: FileStorage) -> int:
    size = file.stream.seek(0, 2)
    file.stream.seek(0)
    return size


def _keep(file: FileStorage) -> str:
    """The bytes into the store, before any transaction begins; their SHA-256. If the rows then fail, a repeat finds the bytes."""
    with _in_memory:
        return kit().originals.put(file.stream.read())


def _receive(fields: Fields, taken: list[tuple[str, str]]) -> Answer:
    batch = open_batch(session(), "upload", fields.batch_name, kit().now()) if fields.batch_name else _batch(fields.batch)
    arrivals = [
        receive_file(session(), kit(), batch=batch, name=name, sha256=digest, sku=fields.sku, shot=fields.shot, order=fields.order, who=who())
        for name, digest in taken
    ]
    told = [_told(arrival, fields) for arrival in arrivals]
    return 202, told[0] if len(told) == 1 else {"batch": batch.id, "arrivals": told}


def _batch(wish: str | None) -> Batch:
    """The upload batch of that name, or of that number; without a wish, one per minute and person, so that a queue of single files stays together."""
    now = kit().now()
    if wish and wish.isascii() and wish.isdigit() and len(wish) < 10:
        known = session().get(Batch, int(wish))
        if known is not None and known.source == "upload":
            return known
    return open_batch(session(), "upload", wish or f"{now:%Y-%m-%d %H:%M} {who()}", now)


def _told(arrival: Arrival, fields: Fields) -> dict[str, Any]:
    sku = arrival.product.sku if arrival.product is not None else fields.sku
    return Arrived(
        arrival=arrival.id, batch=arrival.batch_id, sku=sku, shot=arrival.shot, state=arrival.state.value, name=arrival.name, sha256=arrival.sha256
    ).model_dump()
