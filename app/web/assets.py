"""What the browser is given besides pages: our own style and scripts, Bootstrap and htmx out of their installed packages, and the headers.

Everything comes from this address; the policy lets nothing else in, and no inline script or style.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, request, send_file, url_for
from markupsafe import Markup

VENDOR = {  # name at /assets/vendor/ -> (package, file in it)
    "bootstrap.css": ("flask_bootstrap", "static/bootstrap5/css/bootstrap.min.css"),
    "htmx.js": ("js_lib_htmx", "static/htmx/htmx.min.js"),
}
ICONS = ("flask_bootstrap", "static/bootstrap5/icons/bootstrap-icons.svg")
POLICY = "; ".join((
    "default-src 'self'",
    "img-src 'self' data: blob:",  # Bootstrap's own arrows are data: addresses; previews of files about to be uploaded are blob:
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
))  # fmt: skip
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

bp = Blueprint("assets", __name__, url_prefix="/assets")


@bp.get("/vendor/<name>")
def vendor(name: str) -> Response:
    if name not in VENDOR:
        abort(404)
    return send_file(_installed(*VENDOR[name]), conditional=True)


def _installed(package: str, file: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"{package} is not installed: run `make setup`")
    return Path(spec.origin).parent / file


@cache
def _mark(path: Path, _changed: float) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


@cache
def _symbols() -> dict[str, str]:
    sprite = _installed(*ICONS).read_text("utf-8")
    return dict(re.findall(r'<symbol[^>]*id="([\w-]+)"[^>]*>(.*?)</symbol>', sprite, re.S))


def icon(name: str) -> Markup:
    """A Bootstrap icon as SVG in the page, as large as the text beside it, silent for screen readers."""
    return Markup(f'<svg class="icon" viewBox="0 0 16 16" fill="currentColor" aria-hidden="true" focusable="false">{_symbols()[name]}</svg>')  # noqa: S704 - the package's own file


def init_app(app: Flask) -> None:
    """`asset('packshot.css')` and `icon('check')` in templates; headers on every answer."""
    app.register_blueprint(bp)

    def asset(name: str) -> str:
        """The address of a file with a mark of its content, so that browsers may keep it for ever."""
        if name in VENDOR:
            file, address = _installed(*VENDOR[name]), "assets.vendor"
            return url_for(address, name=name, v=_mark(file, file.stat().st_mtime))
        file = Path(str(app.static_folder)) / name
        return url_for("static", filename=name, v=_mark(file, file.stat().st_mtime))

    app.jinja_env.globals.update(asset=asset, icon=icon)

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.path.startswith("/assets/") and request.args.get("v"):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        elif "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "private, no-store"  # pages show the seller's stock: no proxy keeps them
        return response
