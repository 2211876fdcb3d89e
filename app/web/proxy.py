"""Who asks, where a proxy stands in between: believed of the one that was named, taken away from anybody else, and never mistaken for this machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from waitress.proxy_headers import proxy_headers_middleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FORWARDED = "packshot.forwarded"  # in the environment: a proxy says that it asks for somebody
FROM_PROXY = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}  # what the named proxy tells
_SIGNS = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")


def behind(app: WSGIApplication, trusted: str) -> Any:
    """The application as visitors see it: through the proxy of that address (`*`: whoever connects), or through none.

    Here and not at the server, so that waitress and gunicorn do the same.
    """
    believing: Any = proxy_headers_middleware(app, trusted or None, trusted_proxy_headers=FROM_PROXY)

    def noted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[FORWARDED] = any(sign in environ for sign in _SIGNS)
        return believing(environ, start_response)  # type: ignore[no-any-return]

    return noted
