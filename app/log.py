"""Logging for the long-running roles: structlog over stdlib logging, one line per task settled, nothing secret in any of them.

Text on a terminal, JSON otherwise. The last thing that happens to a line is redaction, so that it also covers what the marketplaces'
SDKs and tracebacks say.
"""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

import integrations

QUIET = ("alembic", "apscheduler", "httpx", "httpcore", "sp_api", "ebaysdk", "urllib3", "waitress", "PIL", "werkzeug", "dbos")


class _Redacting(structlog.stdlib.ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return integrations.redact(super().format(record))


def set_up(style: Literal["auto", "text", "json"] = "auto", *, process: str = "") -> None:
    """Send every log line of this process to stdout, named by the process. May be called again."""
    as_text = style == "text" or (style == "auto" and sys.stdout.isatty())
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if as_text else "iso", utc=not as_text),
        _name(process),
        _without_nothing,
    ]
    if not as_text:
        shared.append(structlog.processors.format_exc_info)
    # plain: a traceback that shows local variables shows secrets that no pattern knows
    console = structlog.dev.ConsoleRenderer(pad_event_to=0, exception_formatter=structlog.dev.plain_traceback)
    renderer: Processor = console if as_text else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Redacting(foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _name(process: str) -> Processor:
    def add(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        if process:
            line.setdefault("process", process)
        return line

    return add


def _without_nothing(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    return {key: value for key, value in line.items() if value is not None}
