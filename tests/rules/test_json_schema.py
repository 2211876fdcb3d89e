"""Editors say what the loader says: same words, same shapes."""

import json
import re
from typing import Any

import jsonschema
import pytest

import imaging
import rules
from rules.loader import SHIPPED
from rules.operators import OPERATORS
from rules.reading import read
from tests.rules.facts import KNOWN
from tests.rules.test_loader import rule_text

SCHEMA = rules.json_schema(imaging.FACTS)
ENTRY = SCHEMA["$defs"]["Entry"]
CHECK = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def as_json(text: str) -> Any:
    """What an editor makes of a file: days are words there."""
    return json.loads(json.dumps(read("x", text).data, default=str))


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", rules.AUTHORITIES)
def test_the_shipped_files_keep_it(name: str) -> None:
    assert [error.message for error in CHECK.iter_errors(as_json((SHIPPED / f"{name}.yaml").read_text()))] == []


def test_an_overlay_that_is_empty_or_changes_a_shipped_rule_keeps_it() -> None:
    change = "- id: amazon-main-fill\n  limit: 0.9\n  passes: [0.9]\n  source: {page: p, read: 2026-11-22, says: s}\n"

    assert rules.load(KNOWN, {"amazon.yaml": change}).by_id["amazon-main-fill"].limit == 0.9
    assert list(CHECK.iter_errors(as_json(change))) == list(CHECK.iter_errors(as_json("# nothing yet\n"))) == []


def test_its_words_are_those_of_the_loader() -> None:
    def of(key: str) -> set[Any]:
        return set(ENTRY["properties"][key]["enum"])

    assert of("fact") == set(imaging.FACTS)
    assert of("operator") == set(OPERATORS)
    assert of("level") == set(rules.LEVELS)
    assert set(ENTRY["properties"]) == set(rules.loader.KEYS)
    assert set(SCHEMA["$defs"]["Where"]["properties"]) == set(rules.Where.model_fields)
    assert set(SCHEMA["$defs"]["Source"]["properties"]["evidence"]["enum"]) == set(rules.Source.model_fields["evidence"].annotation.__args__)  # type: ignore[union-attr]
    assert {each["if"]["properties"]["operator"]["const"] for each in ENTRY["allOf"]} == set(OPERATORS)


def test_every_key_is_explained_to_the_editor_and_in_the_readme() -> None:
    table = set(re.findall(r"`([a-z_]+)`", "".join(line.split("|")[1] for line in (SHIPPED / "README.md").read_text().splitlines()[4:22] if "|" in line)))

    assert all(each.get("description") for each in ENTRY["properties"].values())
    assert set(rules.loader.KEYS) <= table


@pytest.mark.parametrize(
    "changes",
    [
        {"drop": "source"},
        {"drop": "fails"},
        {"drop": "passes"},
        {"drop": "message"},
        {"drop": "level"},
        {"drop": "limit"},
        {"drop": "id"},
        {"fails": []},
        {"fact": "beauty"},
        {"operator": "more_than"},
        {"limit": "2.5"},
        {"limit": [1, 2]},
        {"operator": "between"},
        {"operator": "one_of", "limit": []},
        {"operator": "is_true"},
        {"level": "panic"},
        {"serverity": "stop"},
        {"authority": "ebay"},
        {"applies_to": {"positon": ["main"]}},
        {"applies_to": {"position": "main"}},
        {"applies_to": {"position": ["alt24"]}},
        {"applies_to": {"country": ["gb"]}},
        {"prevents": ["reason:ugly"]},
        {"fix": "pray"},
        {"source": {"page": "p", "read": "last week", "says": "s"}},
        {"source": {"page": "p", "read": "2026-11-22", "says": "s", "url": "u"}},
        {"message": "  "},
        {"id": "Amazon Test"},
    ],
)
def test_what_the_loader_refuses_by_its_shape_the_editor_underlines(changes: dict[str, Any]) -> None:
    text = rule_text(**changes)

    with pytest.raises(rules.RuleError):
        rules.load(KNOWN, {"amazon.yaml": text})
    assert list(CHECK.iter_errors(as_json(text)))


def test_a_good_rule_of_the_seller_is_not_underlined() -> None:
    assert list(CHECK.iter_errors(as_json(rule_text()))) == []
