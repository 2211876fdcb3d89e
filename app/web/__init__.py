"""The windows of the house. `create_app` only wires; each module beside this one is something a person or a system sees."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask

from app.config import Settings
from app.kit import Kit
from app.web import (
    accounts,
    api,
    api_core,
    assets,
    auth,
    dashboard,
    errors,
    health,
    hooks,
    lessons,
    live,
    mapping,
    media,
    people,
    pictures,
    products,
    proxy,
    releases,
    review,
    rulebook,
    session,
    uploads,
    waivers,
    webhooks,
    words,
)

MAX_FORM_BYTES = 64 * 1024  # a person's form; uploads, hooks, the API and the rules page state their own limits
MAX_REQUEST_BYTES = 4 * MAX_FORM_BYTES  # encoded, and with files that nobody asked for: they would be spooled to disk before anybody is asked who they are

BLUEPRINTS = (
    auth.bp, dashboard.bp, products.bp, review.bp, lessons.bp, rulebook.bp, releases.bp, waivers.bp, accounts.bp, mapping.bp, webhooks.bp, people.bp,
    live.bp, pictures.bp,
    hooks.bp, uploads.bp, api.bp, media.bp, health.bp,
)  # fmt: skip


def create_app(settings: Settings, kit: Kit | None = None) -> Flask:
    """A Flask application over one kit. Loads no model and opens no connection by itself."""
    app = Flask(__name__, static_folder="static", static_url_path="/assets")
    app.config.update(
        SECRET_KEY=settings.keys[0],
        SECRET_KEY_FALLBACKS=list(settings.keys[1:]),
        SESSION_COOKIE_NAME="packshot",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=14),
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(hours=1),
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_FORM_BYTES,
        WTF_CSRF_CHECK_DEFAULT=False,  # auth.guard asks for the token of every signed-in write, and of the sign-in itself
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a review page may stay open all day
        RATELIMIT_STORAGE_URI="memory://",
        RATELIMIT_HEADERS_ENABLED=True,
    )
    kit = kit or Kit(settings)
    _ = kit.release  # a broken recipes file refuses to start
    app.extensions["packshot"] = kit
    app.url_map.converters["int"] = api_core.RowNumber
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    assets.init_app(app)
    words.init_app(app)
    session.init_app(app)
    errors.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    auth.init_app(app)
    app.wsgi_app = proxy.behind(app.wsgi_app, settings.trusted_proxy)  # type: ignore[method-assign]
    return app
