"""The application for gunicorn: `gunicorn wsgi:app`. On one machine `packshot serve` needs none of this."""

from app import config, log, migrate
from app.web import create_app

settings = config.load()
log.set_up(settings.log_format, process="web")
migrate.check_current(settings.database)
app = create_app(settings)
