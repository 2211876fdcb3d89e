"""What marketplaces say -> our reasons -> rules: every code that was met is in the tables, and a reason is either a rule's or a person's."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import integrations
import rules
from tests.rules.facts import KNOWN

FOLDER = Path(integrations.__file__).parent
A_PERSONS = {"wrong-product", "unreachable", "policy", "other"}  # no fact of a finished file expresses these
MET = {
    "amazon": ("18027", "100581", "100239", "20000", "20005", "15", "13013", "8541", "90220", "90000900", "99022"),
    "ebay": (
        "21919137",
        "21919136",
        "106",
        "21919184",
        "21916790",
        "21916791",
        "21916604",
        "2191448",
        "21916550",
        "240",
        "190201",
        "190202",
        "190203",
        "190204",
    ),
}
SUPPRESSED_FOR = {  # Amazon's reasons in Seller Central's words
    "text, logo, graphic or watermark": "text-or-watermark",
    "has a non-white background": "non-white-background",
    "The main image is missing or incorrect": "image-missing",
    "shows additional items": "additional-items",
    "shows a cropped product": "cropped",
    "product not outside its packaging": "packaging",
    "has tags": "packaging",
    "shows propping": "propping",
    "has blurriness or pixelation": "blur",
    "The product is too small in the image": "too-small",
    "poor quality": "low-quality",
    "is not #FFFFFF": "non-white-background",
    "extra products": "additional-items",
    "image does not match ASIN": "wrong-product",
    "We do not support the file type of the image uploaded": "format",
}


def table(name: str) -> dict[str, dict[str, dict[str, str]]]:
    return yaml.safe_load((FOLDER / name / "codes.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", MET)
def test_every_code_that_was_met_is_translated(name: str) -> None:
    entries = {**table(name).get("codes", {}), **table(name).get("errors", {})}

    assert {code: entries.get(code, {}).get("reason") for code in MET[name] if not entries.get(code, {}).get("reason")} == {}


def test_every_reason_is_expressed_by_a_rule_or_is_a_persons() -> None:
    prevented = {
        word.removeprefix("reason:") for rule in rules.load(KNOWN).rules if rule.authority != "intake" for word in rule.prevents if word[:7] == "reason:"
    }

    assert integrations.REASONS - prevented == A_PERSONS


@pytest.mark.parametrize(("words", "reason"), SUPPRESSED_FOR.items())
def test_amazons_own_words_for_a_suppression_are_understood(words: str, reason: str) -> None:
    found = next((entry["reason"] for entry in table("amazon")["words"] if any(word in words.lower() for word in entry["any"])), None)

    assert found == reason
