"""Notices become lessons, lessons change the overlay by the least that is needed, and a case once learnt stays."""

import datetime as dt
import difflib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rules
from rules.learn import tightened
from tests.rules.facts import GOOD, KNOWN, scope

SHIPPED = rules.load(KNOWN)
SEEN = dt.date(2026, 12, 1)
MESSAGE = "Image is blurry or pixelated."


def notice(
    reason: str | None = "blur", facts: dict[str, Any] | None = None, code: str = "99001", marketplace: str = "amazon-uk", message: str = MESSAGE, **where: str
) -> rules.Evidence:
    return rules.Evidence(marketplace, code, reason, message, GOOD | (facts or {}), scope(marketplace, **where), SEEN)


def learn(text: str, evidence: rules.Evidence) -> tuple[rules.Proposal, str, rules.RuleSet]:
    proposal = rules.propose(rules.load(KNOWN, {f"{evidence.authority}.yaml": text}), evidence)
    accepted = rules.accept(text, proposal)
    return proposal, accepted, rules.load(KNOWN, {proposal.file: accepted})


def test_a_notice_that_a_rule_claims_tightens_it_so_that_the_picture_would_have_failed() -> None:
    proposal, text, learnt = learn("", notice(facts={"sharpness": 4.812}))

    assert (proposal.kind, proposal.rule, proposal.fact, proposal.old_limit, proposal.new_limit, proposal.value) == (
        "tighten",
        "amazon-sharpness",
        "sharpness",
        3,
        4.82,
        4.812,
    )
    assert proposal.file == "amazon.yaml"
    assert proposal.summary == (
        "amazon-sharpness: sharpness 4.812 passed (at least 3) and amazon-uk objected (99001: Image is blurry or pixelated.); ask for at least 4.82."
    )
    rule = learnt.by_id["amazon-sharpness"]
    assert rule.limit == 4.82
    assert 4.812 in rule.fails
    assert rule.passes == (9.5,)
    assert rule.source.model_dump() == {"page": "notice 99001 on amazon-uk", "read": SEEN, "says": MESSAGE, "evidence": "notice"}
    assert [finding.rule for finding in rules.judge(learnt, "amazon", GOOD | {"sharpness": 4.812}, scope())] == ["amazon-sharpness"]
    assert rules.judge(learnt, "amazon", GOOD, scope()) == []
    assert text.startswith("- id: amazon-sharpness\n  limit: 4.82\n")


def test_nothing_moves_until_a_person_accepts() -> None:
    rules.propose(SHIPPED, notice())

    assert rules.load(KNOWN) == SHIPPED


def test_a_proposal_survives_json_and_can_be_accepted_from_there() -> None:
    for evidence in (notice(), notice("format", {"format": "PNG"}), notice("policy"), notice(None, code="x/y z")):
        proposal = rules.propose(SHIPPED, evidence)

        again = rules.Proposal.from_dict(json.loads(json.dumps(proposal.to_dict())))

        assert again == proposal
        assert rules.accept("", again) == rules.accept("", proposal)


@pytest.mark.parametrize(
    ("value", "operator", "limit", "strictest", "expected"),
    [
        (0.8712, "at_least", 0.85, None, 0.872),
        (0.872, "at_least", 0.85, None, 0.873),
        (0.9996, "at_least", 0.85, None, 1.0),
        (0, "at_least", 0, None, 1),
        (0.0, "at_least", 0.0, None, 0.001),
        (254, "at_least", 200, 255, 255),
        (255, "at_least", 255, 255, None),
        (1203, "at_least", 1000, None, 1210),
        (1210, "at_least", 1000, None, 1220),
        (9_876_543, "at_most", 9_999_999, None, 9_870_000),
        (0.3126, "at_most", 0.5, None, 0.312),
        (0, "at_most", 0, 0, None),
        (0.06, "at_most", 0.5, 0.06, None),
        (600, "between", (500, 2100), None, (601, 2100)),
        (2000, "between", (500, 2100), None, (500, 1990)),
        ("PNG", "one_of", ("JPEG", "PNG"), None, ("JPEG",)),
        ("PNG", "one_of", ("PNG",), None, None),
        ("L", "none_of", ("CMYK",), None, ("CMYK", "L")),
        (1, "equals", 1, None, None),
        (True, "is_true", None, None, None),
    ],
)
def test_a_limit_moves_by_the_smallest_sensible_step(value: Any, operator: str, limit: Any, strictest: Any, expected: Any) -> None:
    rule = SHIPPED.by_id["amazon-main-fill"].model_copy(update={"operator": operator, "limit": limit, "strictest": strictest})

    assert tightened(rule, value) == expected
    assert type(tightened(rule, value)) is type(expected)


@given(st.one_of(st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9)), st.sampled_from(["at_least", "at_most"]))
def test_the_value_always_fails_the_tightened_limit_and_barely(value: float, operator: str) -> None:
    rule = SHIPPED.by_id["amazon-main-fill"].model_copy(update={"operator": operator, "limit": value, "strictest": None})

    limit = tightened(rule, value)

    assert rule.holds(value)
    assert not rule.model_copy(update={"limit": limit}).holds(value)
    assert abs(limit - value) <= max(abs(value) * 0.0101, 1 if isinstance(value, int) else 0.001)


def test_of_several_rules_that_claim_a_notice_the_one_that_must_move_least_is_chosen() -> None:
    assert rules.propose(SHIPPED, notice("too-small", {"fill": 0.86})).rule == "amazon-main-fill"
    assert rules.propose(SHIPPED, notice("too-small", {"fill": 0.99, "longest_side": 504}, category="handbag")).rule == "amazon-longest-side"
    assert rules.propose(SHIPPED, notice("non-white-background")).rule == "amazon-main-white-background"  # a border of 255 cannot be asked to be whiter


def test_the_marketplaces_own_code_goes_before_our_word_for_it() -> None:
    proposal = rules.propose(SHIPPED, notice("low-quality", {"jpeg_quality": 91}, code="21916791", marketplace="ebay-uk"))

    assert (proposal.rule, proposal.new_limit) == ("ebay-jpeg-quality", 92)


def test_a_rule_that_objected_already_keeps_its_limit_and_gains_the_case() -> None:
    proposal, _, learnt = learn("", notice("too-small", {"fill": 0.612}))

    assert (proposal.rule, proposal.old_limit, proposal.new_limit) == ("amazon-main-fill", 0.85, 0.85)
    assert "already objects to fill 0.612" in proposal.summary
    assert learnt.by_id["amazon-main-fill"].limit == 0.85
    assert 0.612 in learnt.by_id["amazon-main-fill"].fails


def test_a_warning_that_proved_right_becomes_a_review() -> None:
    _, _, learnt = learn("", notice("low-quality", {"jpeg_quality": 85}, code="21916791", marketplace="ebay-uk"))

    assert (learnt.by_id["ebay-jpeg-quality"].level, learnt.by_id["ebay-jpeg-quality"].limit) == ("review", 90)


def test_a_notice_that_no_rule_claims_becomes_the_draft_of_a_rule() -> None:
    proposal, _, learnt = learn("# mine\n", notice("text-or-watermark", code="18027", message="We believe the main image has text."))

    rule = learnt.by_id["amazon-notice-18027"]
    assert (proposal.kind, proposal.rule, proposal.old_limit) == ("write", "amazon-notice-18027", None)
    assert rule.level == "review"
    assert rule.prevents == ("amazon:18027",)
    assert rule.fails[-1] == proposal.value == GOOD[rule.fact]
    assert rule.applies_to.model_dump(exclude_defaults=True) == {"marketplace": ("amazon-uk",), "category": ("watch",), "position": ("main",)}
    assert [finding.rule for finding in rules.judge(learnt, "amazon", GOOD, scope())] == ["amazon-notice-18027"]
    assert rules.judge(learnt, "amazon", GOOD, scope(position="alt1")) == []


def test_a_draft_borrows_the_fact_of_a_rule_that_knows_the_notice_elsewhere() -> None:
    proposal, _, learnt = learn("", notice("non-white-background", {"border_min_level": 212}, marketplace="ebay-uk", code="240"))

    assert (proposal.kind, proposal.fact, proposal.new_limit, proposal.value) == ("write", "border_min_level", 255, 212)
    assert learnt.by_id["ebay-notice-240"].prevents == ("ebay:240", "reason:non-white-background")


def test_the_same_notice_again_tightens_the_rule_that_was_written_for_it() -> None:
    first, text, _ = learn("", notice(None, code="77"))
    second, text, learnt = learn(text, notice(None, {first.fact or "": GOOD[first.fact or ""] + 0.02}, code="77"))

    assert (second.kind, second.rule) == ("tighten", first.rule)
    assert {first.value, second.value} <= set(learnt.by_id[first.rule].fails)
    assert text.count("- id:") == 1


def test_a_written_rule_never_takes_an_id_that_is_taken() -> None:
    _, text, _ = learn("", notice(None, code="77"))
    again, text, learnt = learn(text, notice(None, code="77", category="ring"))

    assert again.rule == "amazon-notice-77-2"
    assert {"amazon-notice-77", "amazon-notice-77-2"} <= learnt.by_id.keys()


def test_two_drafts_for_one_code_that_were_made_at_the_same_time_become_two_rules() -> None:
    uk, ring = notice(None, code="77"), notice(None, code="77", category="ring")
    first, second = rules.propose(SHIPPED, uk), rules.propose(SHIPPED, ring)
    assert first.rule == second.rule

    text = rules.accept(rules.accept("", first), second)
    learnt = rules.load(KNOWN, {"amazon.yaml": text})

    assert learnt.by_id["amazon-notice-77"].applies_to.category == ("watch",)
    assert learnt.by_id["amazon-notice-77-2"].applies_to.category == ("ring",)


def test_a_lesson_never_loosens_a_limit_that_a_person_tightened_meanwhile() -> None:
    lesson = rules.propose(SHIPPED, notice(facts={"sharpness": 4.0}))
    source = "{page: house, read: 2026-11-22, says: sharper}"
    own = f"- {{id: amazon-sharpness, limit: 9, passes: [9, 12], fails: [8], source: {source}}}\n"

    learnt = rules.load(KNOWN, {"amazon.yaml": rules.accept(own, lesson)})

    assert learnt.by_id["amazon-sharpness"].limit == 9
    assert 4.0 in learnt.by_id["amazon-sharpness"].fails


def test_where_nothing_was_measured_the_rule_is_left_to_a_person() -> None:
    proposal = rules.propose(SHIPPED, rules.Evidence("amazon-uk", "18027", None, "", {}, scope(), SEEN))

    assert (proposal.kind, proposal.fact, proposal.overlay) == ("write", None, "")
    with pytest.raises(rules.RuleError, match="write this rule by hand"):
        rules.accept("", proposal)


OVERLAYS = {
    "empty": "",
    "comment only": "# our own rules\n",
    "no newline at the end": "- id: amazon-frames\n  level: review\n  source: {page: ours, read: 2026-05-02, says: so}",
    "flow": "[{id: amazon-frames, level: review, source: {page: ours, read: 2026-05-02, says: so}}]\n",
    "flow rule": "- {id: amazon-sharpness, limit: 3.5, passes: [9.5], source: {page: ours, read: 2026-05-02, says: so}}  # flow\n",
    "indented": "# head\n  - id: amazon-frames  # why\n    level: review\n    source: {page: ours, read: 2026-05-02, says: so}\n# tail\n",
    "inline lists": (
        "# head\n- id: amazon-sharpness  # as we like it\n  passes: [3.69, 9.5]  # good ones\n  fails: [3.4, 1.4] # bad ones\n  limit: 3.5  # May\n"
        "  source: {page: ours, read: 2026-05-02, says: so}\n\n"
        "# the next\n- id: amazon-frames\n  level: review\n  source: {page: o, read: 2026-05-02, says: s}\n"
    ),
    "block lists": (
        "- id: amazon-sharpness\n  limit: 3.5\n  passes:\n    - 3.69  # leaves\n    # a word on the next\n    - 9.5   # stays\n  fails:\n"
        "  - 3.4 # first\n  - 1.4\n"
        "  # on sources\n  source:\n    page: ours\n    read: 2026-05-02\n    says: >\n      so it\n      is\n\n# tail\n"
    ),
    "windows": "# head\r\n- id: amazon-sharpness\r\n  limit: 3.5\r\n  passes: [9.5]\r\n  source: {page: ours, read: 2026-05-02, says: so}\r\n",
    "marked": "\ufeff# head\n- id: amazon-sharpness\n  limit: 3.5\n  passes: [9.5]\n  source: {page: ours, read: 2026-05-02, says: so}\n",
}


@pytest.mark.parametrize("text", OVERLAYS.values(), ids=OVERLAYS.keys())
def test_an_overlay_of_any_layout_keeps_its_comments_and_its_order(text: str) -> None:
    before = rules.load(KNOWN, {"amazon.yaml": text})

    _, after, learnt = learn(text, notice(facts={"sharpness": 4.812}))

    rule = learnt.by_id["amazon-sharpness"]
    assert (rule.limit, rule.source.page) == (4.82, "notice 99001 on amazon-uk")
    assert set(before.by_id["amazon-sharpness"].fails) | {4.812} == set(rule.fails)
    assert 9.5 in rule.passes
    assert 3.69 not in rule.passes
    for comment in (
        "# our own rules",
        "# head",
        "# as we like it",
        "# good ones",
        "# bad ones",
        "# May",
        "# the next",
        "# a word on the next",
        "# stays",
        "# first",
        "# tail",
    ):
        assert (comment in text) == (comment in after)
    assert [line.split("id:")[0] for line in text.splitlines() if "amazon-frames" in line] == [
        line.split("id:")[0] for line in after.splitlines() if "frames" in line
    ]
    assert ("\r\n" in text) == ("\r\n" in after)
    assert after.replace("\r\n", "").count("\n") == 0 or "\r\n" not in after
    untouched = {name: one for name, one in learnt.by_id.items() if name != "amazon-sharpness"}
    assert untouched == {name: one for name, one in before.by_id.items() if name != "amazon-sharpness"}


def test_only_the_lines_that_change_are_touched() -> None:
    text = OVERLAYS["inline lists"]

    _, after, _ = learn(text, notice(facts={"sharpness": 4.812}))

    changed = [line for line in difflib.ndiff(text.splitlines(), after.splitlines()) if line[0] in "+-"]
    assert sorted(changed, key=lambda line: line[0] == "+") == [
        "-   passes: [3.69, 9.5]  # good ones",
        "-   fails: [3.4, 1.4] # bad ones",
        "-   limit: 3.5  # May",
        "-   source: {page: ours, read: 2026-05-02, says: so}",
        "+   passes: [9.5]  # good ones",
        "+   fails: [3.4, 1.4, 4.812] # bad ones",
        "+   limit: 4.82  # May",
        "+   source: {page: notice 99001 on amazon-uk, read: 2026-12-01, says: Image is blurry or pixelated., evidence: notice}",
    ]


@pytest.mark.parametrize("text", OVERLAYS.values(), ids=OVERLAYS.keys())
def test_accepting_twice_changes_nothing_more(text: str) -> None:
    proposal, once, _ = learn(text, notice(facts={"sharpness": 4.812}))

    assert rules.accept(once, proposal) == once


def test_an_older_lesson_never_loosens_a_newer_one() -> None:
    mild, strict = (rules.propose(SHIPPED, notice(facts={"sharpness": value})) for value in (4.0, 6.0))

    both = rules.load(KNOWN, {"amazon.yaml": rules.accept(rules.accept("", strict), mild)})

    assert both.by_id["amazon-sharpness"].limit == 6.01
    assert {4.0, 6.0} <= set(both.by_id["amazon-sharpness"].fails)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(3, 24).map(lambda value: round(value, 2)), min_size=1, max_size=4))
def test_every_accepted_lesson_stays_a_failing_case(values: list[float]) -> None:
    text = ""
    for value in values:
        _, text, learnt = learn(text, notice(facts={"sharpness": value}))

    assert set(values) <= set(learnt.by_id["amazon-sharpness"].fails)
    assert learnt.by_id["amazon-sharpness"].limit > max(values)


@settings(max_examples=25, deadline=None)
@given(code=st.text(max_size=30), message=st.text(max_size=80), reason=st.sampled_from([None, "blur", "policy", "cropped", "format"]))
def test_whatever_a_marketplace_writes_the_overlay_still_loads(code: str, message: str, reason: str | None) -> None:
    _, _, learnt = learn("# head\n", notice(reason, code=code, message=message))

    assert rules.parse(learnt.yaml, KNOWN) == learnt


def test_a_lesson_is_not_written_into_a_broken_file() -> None:
    with pytest.raises(rules.RuleError, match=r"amazon\.yaml:1:4: not readable"):
        rules.accept("- [", rules.propose(SHIPPED, notice()))


def test_an_entry_edited_so_that_it_refuses_nothing_is_not_accepted() -> None:
    proposal = rules.propose(SHIPPED, notice(facts={"sharpness": 4.812}))
    edited = rules.Proposal.from_dict(
        proposal.to_dict() | {"overlay": "- id: amazon-sharpness\n  limit: 3.5\n  source: {page: p, read: 2026-11-22, says: s}\n"}
    )

    with pytest.raises(rules.RuleError, match=r"no longer refuses the measured value 4\.812"):
        rules.accept("", edited)


def test_a_person_may_ask_for_more_than_was_proposed() -> None:
    proposal = rules.propose(SHIPPED, notice(facts={"sharpness": 4.812}))
    edited = rules.Proposal.from_dict(proposal.to_dict() | {"overlay": proposal.overlay.replace("limit: 4.82", "limit: 6.5")})

    assert rules.load(KNOWN, {"amazon.yaml": rules.accept("", edited)}).by_id["amazon-sharpness"].limit == 6.5
