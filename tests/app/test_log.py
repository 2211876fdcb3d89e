"""Log lines: one per happening, as text or JSON, and never a secret."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import logging, structlog
from app import log
log.set_up({style!r}, process="imaging-1")
ours = structlog.get_logger("packshot.stage")
ours.info("task", stage="publish", row="7", error=None)
logging.getLogger("sp_api.base.client").warning("headers %s", {{"x-amz-access-token": "Atza|secret-one", "refresh_token": "secret-two"}})
logging.getLogger("ebaysdk").error("<RequesterCredentials><eBayAuthToken>secret-three</eBayAuthToken></RequesterCredentials>")
logging.getLogger("httpx").info("GET https://api.amazon.com with Authorization: Bearer secret-four-secret")
def fail(password):
    raise ValueError("Authorization: Bearer secret-five-secret")
try:
    fail("-".join(["secret", "six"]))
except ValueError as failure:
    ours.error("task failed", exc_info=failure)
"""


def said(style: str) -> list[str]:
    found = subprocess.run([sys.executable, "-c", PROGRAM.format(style=style)], capture_output=True, text=True, check=True)
    assert found.stderr == ""
    return found.stdout.splitlines()


def test_a_machine_reads_one_json_object_a_line() -> None:
    lines = [json.loads(line) for line in said("json")]

    assert {"event": "task", "stage": "publish", "row": "7", "process": "imaging-1", "level": "info"}.items() <= lines[0].items()
    assert "error" not in lines[0]
    assert "ValueError" in lines[-1]["exception"]


def test_no_secret_reaches_a_line_not_even_in_a_traceback() -> None:
    for style in ("json", "text"):
        text = "\n".join(said(style))
        assert "secret-" not in text
        assert "[redacted]" in text


def test_a_traceback_on_a_terminal_is_plain_and_shows_no_local_variable() -> None:
    text = "\n".join(said("text"))

    assert "Traceback (most recent call last):" in text
    assert "in fail" in text
    assert "password" not in text


def test_text_is_for_people() -> None:
    assert "task" in said("text")[0]
    assert not said("text")[0].startswith("{")
