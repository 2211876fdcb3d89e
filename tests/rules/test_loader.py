"""Loading: what is refused, in which words and places, and what an overlay may do."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import rules
from tests.rules.facts import GOOD, KNOWN, scope

SHIPPED = rules.load(KNOWN)
RULE = {
    "id": "amazon-test",
    "fact": "noise",
    "operator": "at_most",
    "limit": 2.5,
    "level": "warn",
    "message": "Say what to do.",
    "source": {"page": "test", "read": dt.date(2026, 11, 22), "says": "so"},
    "passes": [1.0],
    "fails": [3.0],
}


def problems(text: str, file: str = "amazon.yaml") -> tuple[str, ...]:
    with pytest.raises(rules.RuleError) as caught:
        rules.load(KNOWN, {file: text})
    return caught.value.problems


def rule_text(drop: str = "", **changes: Any) -> str:
    entry = {key: value for key, value in (RULE | changes).items() if key != drop}
    return yaml.safe_dump([entry], sort_keys=False)


def test_a_good_new_rule_of_the_seller_is_taken() -> None:
    loaded = rules.load(KNOWN, {"amazon.yaml": rule_text()})

    assert len(loaded.rules) == len(SHIPPED.rules) + 1
    assert [finding.rule for finding in rules.judge(loaded, "amazon", GOOD | {"noise": 4.0}, scope())] == ["amazon-test"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"drop": "id"}, "needs an id"),
        ({"drop": "source"}, "source: is missing"),
        ({"drop": "fails"}, "fails: is missing"),
        ({"drop": "passes"}, "passes: is missing"),
        ({"drop": "message"}, "message: is missing"),
        ({"drop": "level"}, "level: is missing"),
        ({"drop": "limit"}, "limit: operator at_most: limit must be a number"),
        ({"passes": []}, "passes: needs at least one passing case"),
        ({"fails": []}, "fails: needs at least one failing case"),
        ({"passes": [1.0, 2.6]}, "passes: case 2.6 is said to pass but fails (at most 2.5)"),
        ({"fails": [3.0, 2.5]}, "fails: case 2.5 is said to fail but passes (at most 2.5)"),
        ({"fails": ["much"]}, "compares numbers"),
        ({"fails": [None]}, "a single measured value"),
        ({"fails": [True]}, "compares numbers"),
        ({"fact": "beauty"}, "fact: unknown fact 'beauty'"),
        ({"operator": "more_than"}, "operator: must be one of at_least, at_most"),
        ({"limit": "2.5"}, "limit must be a number"),
        ({"limit": True}, "limit must be a number"),
        ({"limit": [1, 2]}, "limit must be a number"),
        ({"operator": "between"}, "limit must be two numbers"),
        ({"operator": "between", "limit": [3, 2]}, "the smaller first"),
        ({"operator": "one_of", "limit": []}, "limit must be a list of values, not empty"),
        ({"operator": "is_true"}, "takes no limit"),
        ({"level": "panic"}, "level: Input should be 'stop', 'review' or 'warn'"),
        ({"serverity": "stop"}, "serverity: unknown key"),
        ({"authority": "ebay"}, "authority: unknown key"),
        ({"applies_to": {"positon": ["main"]}}, "applies_to: positon: unknown key"),
        ({"applies_to": {"position": "main"}}, "position: must be a list"),
        ({"applies_to": {"position": ["alt24"]}}, "applies_to: position.0"),
        ({"applies_to": {"country": ["gb"]}}, "applies_to: country.0"),
        ({"except_for": {}}, "except_for: excepts everything"),
        ({"prevents": ["reason:ugly"]}, "prevents"),
        ({"prevents": ["ebay:240"]}, "a code must be this authority's own"),
        ({"fix": "pray"}, "fix: Input should be 'rerender'"),
        ({"strictest": 3}, "strictest: limit 2.5 is stricter"),
        ({"source": {"page": "p", "read": "2026-11-22", "says": "s"}}, "source: read"),
        ({"source": {"page": "p", "read": dt.date(2026, 11, 22), "says": "s", "url": "u"}}, "source: url: unknown key"),
        ({"message": "  "}, "message"),
        ({"id": "Amazon Test"}, "id"),
        ({"id": "ebay-format"}, "id: is a rule of ebay.yaml"),
    ],
)
def test_a_rule_is_refused_with_its_place_and_reason(changes: dict[str, Any], words: str) -> None:
    found = problems(rule_text(**changes))

    assert any(words in problem for problem in found), found
    assert all(problem.startswith("amazon.yaml:") and problem.split(":")[1].isdigit() and problem.split(":")[2].isdigit() for problem in found)


def test_the_place_is_that_of_the_wrong_value() -> None:
    text = "# the seller's own\n- id: amazon-main-white-border\n  limit: 255\n  source: {page: p, read: 2026-11-22, says: s}\n  passes: [255, 254]\n"

    assert problems(text) == ("amazon.yaml:5:17: amazon-main-white-border: passes: case 254 is said to pass but fails (at least 255)",)


def test_every_problem_of_every_file_is_told_at_once() -> None:
    with pytest.raises(rules.RuleError) as caught:
        rules.load(KNOWN, {"amazon.yaml": rule_text(fact="beauty", operator="more", fails=[]), "ebay.yaml": "- [", "intake.yaml": "- 5\n", "amzon.yaml": ""})

    told = "\n".join(caught.value.problems)
    assert str(caught.value) == told
    for words in ("unknown fact", "must be one of", "not readable as YAML", "intake.yaml:1:3: expected a rule", "amzon.yaml:1:1: no shipped file"):
        assert words in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- &a {id: x}\n- *a\n", "aliases and anchors are not allowed"),
        ("a: &a [1,1]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\n", "aliases and anchors are not allowed"),
        ("[" * 5000, "nested too deeply"),
        ("- {id: x, id: y}\n", "key 'id' stands twice"),
        ("- id: x\n---\n- id: y\n", "not readable as YAML"),
        ("- id: !!python/object/apply:os.system [ls]\n", "os.system' is not allowed"),
        ("- id: !secret x\n", "tag '!secret' is not allowed"),
        ("- ? [a, b]\n  : 1\n", "a key must be a plain word"),
        ('- id: "\\ud800"\n', "lone surrogate"),
        ("id: x\n", "expected a list of rules"),
        ("- id: a\n- \x07\n", "amazon.yaml:2:3: holds the character '\\x07'"),
        ("- id: a\n  fact: \0\n", "amazon.yaml:2:9: holds the character '\\x00'"),
        ("- id: a\n" * 125_001, "amazon.yaml:125001:1: longer than 1,000,000 characters"),
        ("- id: a\n\tfact: b\n", "amazon.yaml:2:1: not readable as YAML"),
    ],
)
def test_yaml_that_is_more_than_plain_data_is_refused(text: str, words: str) -> None:
    found = problems(text)

    assert any(words in problem for problem in found), found


def test_the_same_id_twice_is_refused_with_both_places() -> None:
    found = problems(rule_text() + rule_text())

    assert any("stands twice; first at amazon.yaml:1:3" in problem for problem in found), found


def parsed(text: str) -> rules.RuleSet | tuple[str, ...]:
    try:
        return rules.parse(text, KNOWN)
    except rules.RuleError as error:
        return error.problems


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(), st.text(alphabet="-[]{}:,#&*!|>'\"%@` \n\tabid0.5"), st.binary().map(lambda raw: raw.decode("latin-1"))))
def test_any_text_is_a_rule_set_or_a_rule_error(text: str) -> None:
    outcome = parsed(text)

    assert outcome


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_damaged_rule_file_is_a_rule_set_or_a_rule_error(data: st.DataObject) -> None:
    text = rule_text()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 12)))
    text = text[:start] + data.draw(st.text(max_size=6)) + text[end:]

    outcome = parsed("amazon:\n" + text)

    assert outcome


words = st.text(min_size=1, max_size=40).filter(lambda text: text.strip() != "" and text.isascii() | text.isprintable())
flows = st.dictionaries(st.sampled_from(["page", "says"]), words, min_size=2)


@settings(max_examples=60, deadline=None)
@given(message=words, says=words, page=words, limit=st.floats(-1e6, 1e6), category=words, code=st.from_regex(r"[A-Za-z0-9_.-]{1,20}", fullmatch=True))
def test_the_yaml_of_a_rule_set_is_the_rule_set(message: str, says: str, page: str, limit: float, category: str, code: str) -> None:
    source = {"page": page, "read": dt.date(2026, 1, 2), "says": says}
    changes = {
        "message": message,
        "limit": limit,
        "applies_to": {"category": [category]},
        "prevents": [f"amazon:{code}"],
        "passes": [limit],
        "fails": [limit + 1],
    }
    one = rules.parse(yaml.safe_dump({"amazon": [RULE | {"source": source} | changes]}, allow_unicode=True), KNOWN)

    again = rules.parse(one.yaml, KNOWN)

    assert again.hash == one.hash
    assert again.yaml == one.yaml
    assert again.rules == one.rules
    assert one.rules[0].message == message


def test_the_shipped_rules_survive_a_database_row() -> None:
    again = rules.parse(SHIPPED.yaml, KNOWN)

    assert again == SHIPPED
    assert again.rules == SHIPPED.rules
    assert rules.diff(SHIPPED, again) == []


def test_the_hash_knows_meaning_and_not_layout() -> None:
    plain = rules.load(KNOWN, {"amazon.yaml": rule_text()})
    commented = rules.load(KNOWN, {"amazon.yaml": "# why\n\n" + rule_text().replace("warn", "'warn'  # only a hint")})
    other = rules.load(KNOWN, {"amazon.yaml": rule_text(message="Say something else.")})

    assert commented.hash == plain.hash
    assert len({SHIPPED.hash, plain.hash, other.hash}) == 3


def test_an_overlay_changes_a_limit_with_its_own_source_and_keeps_the_rest() -> None:
    text = "- id: ebay-jpeg-quality\n  limit: 80\n  level: review\n  passes: [80]\n  fails: [79]\n"
    text += "  source: {page: our test of May, read: 2026-05-02, says: 80 is fine, evidence: ours}\n"

    rule = rules.load(KNOWN, {"ebay.yaml": text}).by_id["ebay-jpeg-quality"]

    assert (rule.limit, rule.level, rule.source.page) == (80, "review", "our test of May")
    assert rule.message == SHIPPED.by_id["ebay-jpeg-quality"].message


def test_a_change_without_a_source_of_its_own_is_refused() -> None:
    assert any("needs a source of its own" in problem for problem in problems("- id: amazon-main-fill\n  level: warn\n"))


def test_a_change_that_contradicts_the_cases_it_inherits_is_refused_at_its_own_line() -> None:
    found = problems("\n- id: amazon-main-fill\n  limit: 0.9\n  source: {page: p, read: 2026-11-22, says: s}\n")

    assert found == (
        "amazon.yaml:2:3: amazon-main-fill: passes: case 0.85 is said to pass but fails (at least 0.9)",
        "amazon.yaml:2:3: amazon-main-fill: passes: case 0.88 is said to pass but fails (at least 0.9)",
    )


def test_an_overlay_replaces_a_rule_whole_when_it_names_its_fact() -> None:
    rule = rules.load(KNOWN, {"amazon.yaml": rule_text(id="amazon-main-fill")}).by_id["amazon-main-fill"]

    assert (rule.fact, rule.limit, rule.prevents) == ("noise", 2.5, ())


def test_a_folder_is_an_overlay(tmp_path: Path) -> None:
    (tmp_path / "amazon.yaml").write_text(rule_text(), encoding="utf-8")
    (tmp_path / "README.md").write_text("not a rule")

    assert "amazon-test" in rules.load(KNOWN, tmp_path).by_id
    assert rules.load(KNOWN, {"amazon.yaml": rule_text()}).hash == rules.load(KNOWN, tmp_path).hash


@pytest.mark.parametrize(
    ("name", "data", "words"), [("amazon.yml", b"", "no shipped file"), ("amazon.yaml", b"- \xff", "not UTF-8"), (None, b"", "no such folder")]
)
def test_a_folder_that_cannot_be_what_was_meant_is_refused(tmp_path: Path, name: str | None, data: bytes, words: str) -> None:
    folder = tmp_path if name else tmp_path / "elsewhere"
    if name:
        (tmp_path / name).write_bytes(data)

    with pytest.raises(rules.RuleError, match=words):
        rules.load(KNOWN, folder)


def test_an_empty_overlay_changes_nothing() -> None:
    assert rules.load(KNOWN, {"amazon.yaml": "", "ebay.yaml": "# nothing yet\n", "intake.yaml": "[]"}) == SHIPPED


def test_a_difference_is_told_in_words() -> None:
    text = (
        "- id: amazon-main-fill\n  limit: 0.87\n  passes: [0.88]\n  fails: [0.86]\n  level: review\n  source: {page: p, read: 2026-11-22, says: s}\n"
        + rule_text()
    )
    changed = rules.load(KNOWN, {"amazon.yaml": text})

    there, back = rules.diff(SHIPPED, changed), rules.diff(changed, SHIPPED)

    assert "amazon-main-fill: fill at least 0.85 becomes fill at least 0.87 (stricter)" in there
    assert "amazon-main-fill: level stop becomes review" in there
    assert "amazon-main-fill: 0.86 must now fail for ever" in there
    assert "amazon-test: new rule: noise at most 2.5, else warn" in there
    assert "amazon-main-fill: fill at least 0.87 becomes fill at least 0.85 (looser)" in back
    assert "amazon-test: no longer a rule (was: noise at most 2.5)" in back
