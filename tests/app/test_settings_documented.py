"""Every PACKSHOT_* setting is in the README's table and in .env.example, and nothing is there that is not a setting."""

from __future__ import annotations

import re
from pathlib import Path

from app.config import PREFIX, SECRETS, Settings

ROOT = Path(__file__).parent.parent.parent
NAMES = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


def test_the_readme_s_table_has_every_setting_and_no_other() -> None:
    rows = re.findall(r"^\| `(PACKSHOT_\w+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE)

    assert sorted(rows) == sorted(NAMES)


def test_the_example_file_has_every_setting_and_no_other() -> None:
    named = re.findall(r"^#?\s?(PACKSHOT_\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)

    assert sorted(named) == sorted(NAMES)


def test_the_secrets_that_files_may_hold_are_named_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text()

    assert all(f"`{PREFIX}{name}_FILE`" in text for name in SECRETS)


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in Settings.model_fields.values())
