"""The sample shoot over http, as a photographer's server would offer it: what an inventory webhook can name as photo addresses."""

import io
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, jsonify, request, send_from_directory
from PIL import Image
from werkzeug.security import safe_join

SHOOT = Path(__file__).parent / "shoot"
CLOSER = 8  # px off each side, per take
MOST_TAKES = 20
blueprint = Blueprint("photographs", __name__, url_prefix="/shoot")


@blueprint.get("/")
def index() -> Response:
    """The address of every photograph, by SKU and shot."""
    base, found = current_app.config["PUBLIC_URL"](), dict[str, dict[str, str]]()
    for photo in sorted(SHOOT.glob("*/*.jpg")):
        found.setdefault(photo.parent.name, {})[photo.stem] = f"{base}/shoot/{photo.parent.name}/{photo.name}"
    return jsonify(found)


@blueprint.get("/<sku>/<name>")
def photograph(sku: str, name: str) -> Response:
    """One photograph. `?take=2` is the same scene photographed once more, a little closer: another file, as a second product of the kind would have."""
    take = request.args.get("take", 1, type=int)
    path = safe_join(str(SHOOT), sku, name)
    if take == 1 or path is None or not Path(path).is_file() or not name.endswith(".jpg"):
        return send_from_directory(SHOOT, f"{sku}/{name}", mimetype="image/jpeg")
    if not 1 < take <= MOST_TAKES:
        abort(404)
    off, out = CLOSER * (take - 1), io.BytesIO()
    with Image.open(path) as photo:
        closer = photo.crop((off, off, photo.width - off, photo.height - off))
        closer.save(out, "JPEG", quality=92, icc_profile=photo.info.get("icc_profile"))
    return Response(out.getvalue(), mimetype="image/jpeg")
