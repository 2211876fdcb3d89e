"""All that is logged, at DEBUG and as `packshot serve` sets logging up, read for tokens and secrets as it is written."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import structlog

from app import log

_RUN = re.compile(r"[A-Za-z0-9_-]{43,}")
_TAIL = 43  # letters of a token that the practice marketplaces give out, behind the marketplace's own beginning


class Ears:
    """A stream that keeps no line, only what must not be in one. `tokens` may grow meanwhile."""

    def __init__(self, tokens: Collection[str], secrets: Collection[str]) -> None:
        self._tokens, self._secrets = tokens, secrets
        self._tails: set[str] = set()
        self.lines, self.heard = 0, list[str]()

    def write(self, text: str) -> int:
        """Read one line."""
        self.lines += text.count("\n")
        if len(self._tails) != len(self._tokens):
            self._tails = {token[-_TAIL:] for token in self._tokens}
        found = [secret for secret in self._secrets if secret in text]
        for run in _RUN.findall(text):
            found += [run[at : at + _TAIL] for at in range(len(run) - _TAIL + 1) if run[at : at + _TAIL] in self._tails]
        self.heard += [f"{secret[:6]}… in {text[:300]!r}" for secret in found]
        return len(text)

    def flush(self) -> None:
        """Nothing is kept."""


@contextmanager
def listening(tokens: Collection[str], secrets: Collection[str]) -> Iterator[Ears]:
    """Everything that any logger says at DEBUG goes to the ears, through the product's own handler."""
    root, ears, before = logging.getLogger(), Ears(tokens, secrets), structlog.get_config()
    kept, level, levels = root.handlers[:], root.level, {name: logging.getLogger(name).level for name in log.QUIET}
    log.set_up("json", process="month")
    structlog.configure(cache_logger_on_first_use=False)
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(ears)
    for name in ("", *log.QUIET):
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield ears
    finally:
        root.handlers[:] = kept
        root.setLevel(level)
        for name, was in levels.items():
            logging.getLogger(name).setLevel(was)
        structlog.configure(**before)
