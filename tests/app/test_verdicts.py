"""From findings to a verdict: pure, and the same for whoever asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.verdicts import FLAGS, Excuse, against, in_words, weigh

NOW = datetime(2026, 11, 23, tzinfo=UTC)
RULES = ("fill", "border", "blur")


def finding(rule: str = "fill", level: str = "stop") -> dict[str, Any]:
    return {"rule": rule, "level": level, "message": f"{rule} is wrong."}


def waiver(days: float, who: str = "ann", number: int = 1) -> Excuse:
    return Excuse("waiver", who, "the box is the product", NOW + timedelta(days=days), number)


def test_a_waived_rule_neither_stops_nor_asks_and_is_still_told() -> None:
    verdict = weigh([finding("fill"), finding("border")], {"fill": [waiver(3)]}, NOW)

    assert [f["rule"] for f in verdict.against] == ["border"]
    assert not verdict.passes
    assert verdict.findings[0]["excused"] == {
        "by": "waiver",
        "who": "ann",
        "why": "the box is the product",
        "until": (NOW + timedelta(days=3)).isoformat(),
        "id": 1,
    }
    assert verdict.until == NOW + timedelta(days=3)
    assert in_words(verdict.findings) == "fill waived by ann until 26 Nov 2026"


def test_of_two_waivers_the_longer_holds() -> None:
    verdict = weigh([finding()], {"fill": [waiver(3, "ann", 1), waiver(9, "bob", 2), waiver(5, "cid", 3)]}, NOW)

    assert (verdict.findings[0]["excused"]["who"], verdict.until) == ("bob", NOW + timedelta(days=9))


def test_it_ends_by_itself_to_the_second() -> None:
    assert weigh([finding()], {"fill": [waiver(0)]}, NOW).against
    assert weigh([finding()], {"fill": [waiver(1 / 86_400)]}, NOW).passes


def test_what_is_known_or_overridden_has_no_end_of_its_own() -> None:
    known = Excuse("baseline", "ann", "as it was", None, 7)

    verdict = weigh([finding()], {"fill": [waiver(3), known]}, NOW)

    assert (verdict.passes, verdict.until, verdict.findings[0]["excused"]["by"]) == (True, None, "baseline")


def test_a_warning_that_is_waived_wakes_nobody() -> None:
    assert weigh([finding(level="warn")], {"fill": [waiver(3)]}, NOW).until is None


findings = st.lists(st.builds(finding, st.sampled_from(RULES), st.sampled_from(("stop", "review", "warn"))), max_size=5)
excuses = st.dictionaries(st.sampled_from(RULES), st.lists(st.builds(waiver, st.floats(-5, 5), st.just("ann"), st.integers(1, 9)), max_size=3))


@given(findings, excuses)
def test_weighing_hides_nothing_invents_nothing_and_may_be_repeated(found: list[dict[str, Any]], stand: dict[str, list[Excuse]]) -> None:
    once = weigh(found, stand, NOW)

    assert [{k: v for k, v in f.items() if k != "excused"} for f in once.findings] == found
    assert weigh(once.findings, stand, NOW) == once
    assert once.against == against(once.findings)
    assert weigh(once.findings, {}, NOW).findings == found, "what was excused before is forgotten"
    assert all(f["level"] in FLAGS for f in once.against)
    if once.until is not None:
        later = weigh(found, stand, once.until)
        assert len(later.against) > len(once.against), "at `until` something is no longer excused"
        assert weigh(found, stand, once.until - timedelta(microseconds=1)).against == once.against
