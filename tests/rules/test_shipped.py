"""The shipped rules say what the references say, and each keeps its own cases."""

import re
from typing import Any

import pytest

import rules
from tests.rules.facts import GOOD, KNOWN, PHOTO, scope

SHIPPED = rules.load(KNOWN)
CASES = [(rule, case, True) for rule in SHIPPED.rules for case in rule.passes] + [(rule, case, False) for rule in SHIPPED.rules for case in rule.fails]


def broken(authority: str, facts: dict[str, Any], **where: str) -> dict[str, str]:
    return {finding.rule: finding.level for finding in rules.judge(SHIPPED, authority, facts, scope(**where))}


@pytest.mark.parametrize(("rule", "case", "passes"), CASES, ids=[f"{rule.id}-{case}-{passes}" for rule, case, passes in CASES])
def test_every_rule_keeps_its_own_cases(rule: rules.Rule, case: Any, passes: bool) -> None:
    place = rules.Scope(
        marketplace=next(iter(rule.applies_to.marketplace), "amazon-uk"),
        country=next(iter(rule.applies_to.country), "GB"),
        category=next(iter(rule.applies_to.category), "handbag"),
        position=next(iter(rule.applies_to.position), "main"),
        condition=next(iter(rule.applies_to.condition), "new"),
    )

    found = [finding.rule for finding in rules.judge(SHIPPED, rule.authority, {rule.fact: case}, place)]

    assert (rule.id not in found) == passes


@pytest.mark.parametrize("rule", SHIPPED.rules, ids=lambda rule: rule.id)
def test_every_shipped_rule_says_honestly_where_it_comes_from(rule: rules.Rule) -> None:
    ours = "packshot" in rule.source.page or " ours" in rule.source.says or "our interpretation" in rule.source.says

    assert rule.id.startswith(f"{rule.authority}-")
    assert rule.source.read.isoformat() == "2026-11-22"
    assert rule.source.evidence != "notice"
    assert rule.source.evidence != "ours" or ours
    assert not any(word in rule.source.page for word in ("copies", "guides of")) or rule.source.evidence == "second-hand"
    assert len(rule.message) > 30
    assert rule.message.endswith(".")


@pytest.mark.parametrize(
    ("authority", "where"),
    [
        (authority, {"marketplace": marketplace, "category": category, "position": position})
        for authority, marketplace in (("amazon", "amazon-uk"), ("amazon", "amazon-us"), ("amazon", "amazon-au"), ("ebay", "ebay-uk"))
        for category in ("watch", "ring", "handbag")
        for position in ("main", "alt1")
    ],
)
def test_a_picture_as_the_recipes_make_it_breaks_nothing(authority: str, where: dict[str, str]) -> None:
    assert broken(authority, GOOD, **where) == {}


def test_an_ordinary_photograph_is_taken_in() -> None:
    assert broken("intake", PHOTO) == {}


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ({"longest_side": 320, "shortest_side": 240}, "intake-longest-side"),
        ({"luminance": 12}, "intake-luminance"),
        ({"background_level": 26.0}, "intake-backdrop-light"),
        ({"sharpness": 5.1}, "intake-sharpness"),
        ({"frames": 3}, "intake-frames"),
        ({"format": "PSD"}, "intake-format"),
        ({"products_with_photo": 2}, "intake-one-product"),
        ({"megapixels": 400.0}, "intake-megapixels"),
    ],
)
def test_a_poor_photograph_is_flagged(fault: dict[str, Any], rule: str) -> None:
    assert broken("intake", PHOTO | fault)[rule] in ("stop", "review")


@pytest.mark.parametrize(
    ("fault", "where", "rule", "level"),
    [
        ({"border_min_level": 254}, {}, "amazon-main-white-border", "stop"),
        ({"background_white_share": 0.0}, {}, "amazon-main-white-background", "stop"),
        ({"fill": 0.84}, {}, "amazon-main-fill", "stop"),
        ({"fill": 0.84}, {"category": "ring"}, "amazon-main-fill", "stop"),
        ({"fill": 0.79}, {"marketplace": "amazon-us", "category": "ring"}, "amazon-main-fill-jewellery", "stop"),
        ({"fill": 0.91}, {"marketplace": "amazon-au", "category": "necklace"}, "amazon-main-fill-jewellery-au-most", "stop"),
        ({"longest_side": 499}, {"category": "handbag"}, "amazon-longest-side", "stop"),
        ({"longest_side": 10_001}, {}, "amazon-longest-side-most", "stop"),
        ({"longest_side": 2101}, {"marketplace": "amazon-us", "category": "ring"}, "amazon-longest-side-jewellery-us", "stop"),
        ({"longest_side": 999}, {"marketplace": "amazon-au", "category": "ring"}, "amazon-longest-side-jewellery-au", "stop"),
        ({"longest_side": 1599}, {}, "amazon-longest-side-watch-gb", "stop"),
        ({"format": "WEBP"}, {}, "amazon-format", "stop"),
        ({"format": "PNG"}, {"marketplace": "amazon-au", "category": "ring"}, "amazon-format-jewellery-au", "stop"),
        ({"bytes": 10_000_000}, {}, "amazon-bytes", "stop"),
        ({"marks": 1}, {}, "amazon-main-marks", "review"),
        ({"halo": 0.8}, {}, "amazon-main-halo", "review"),
        ({"stain_share": 0.01}, {}, "amazon-main-stain", "review"),
        ({"background_tint": 8.0}, {}, "amazon-main-tint", "review"),
        ({"shadow_margin": 0.0}, {}, "amazon-main-shadow-margin", "review"),
        ({"mode": "LAB"}, {"position": "alt3"}, "amazon-colour-mode", "review"),
        ({"cutout_hand": 0.9}, {}, "amazon-cutout-no-hand", "review"),
        ({"cutout_hand": 0.9}, {"marketplace": "amazon-us", "category": "ring"}, "amazon-main-jewellery-no-model", "review"),
        ({"cutout_hand": 0.9}, {"marketplace": "amazon-us", "category": "ring", "position": "alt1"}, "amazon-cutout-no-hand", "review"),
        ({"backdrop_left": 0.2}, {}, "amazon-main-opening", "review"),
        ({"upscaling": 3.0}, {"position": "alt3"}, "amazon-upscaling", "warn"),
        ({"background_kept": True}, {}, "amazon-main-cut-out", "stop"),
        ({"cutout_confidence": 0.6}, {"position": "alt3"}, "amazon-cutout-confidence", "review"),
        ({"pieces_off": 1}, {"position": "alt3"}, "amazon-pieces", "review"),
        ({"cutout_touching_sides": 1}, {"position": "alt3"}, "amazon-cutout-whole", "review"),
        ({"sharpness": 1.5}, {"position": "alt3"}, "amazon-sharpness", "review"),
    ],
)
def test_amazon_objects_to(fault: dict[str, Any], where: dict[str, str], rule: str, level: str) -> None:
    assert broken("amazon", GOOD | fault, **where)[rule] == level


@pytest.mark.parametrize(
    ("fault", "where"),
    [
        ({"fill": 0.82}, {"marketplace": "amazon-us", "category": "ring"}),
        ({"longest_side": 1600}, {"marketplace": "amazon-uk", "category": "watch"}),
        ({"longest_side": 2500}, {"marketplace": "amazon-us", "category": "watch"}),
        ({"border_min_level": 120, "background_white_share": 0.0, "fill": 0.4}, {"position": "alt2"}),
    ],
)
def test_amazon_does_not_object_to(fault: dict[str, Any], where: dict[str, str]) -> None:
    assert broken("amazon", GOOD | fault, **where) == {}


@pytest.mark.parametrize(
    ("fault", "rule", "level"),
    [
        ({"marks": 1}, "ebay-main-marks", "review"),
        ({"longest_side": 499}, "ebay-longest-side", "stop"),
        ({"longest_side": 999}, "ebay-recommended-size", "warn"),
        ({"longest_side": 7501}, "ebay-longest-side-most", "stop"),
        ({"bytes": 12_000_001}, "ebay-bytes", "stop"),
        ({"jpeg_quality": 89}, "ebay-jpeg-quality", "warn"),
        ({"mode": "CMYK"}, "ebay-colour-mode", "stop"),
        ({"format": "PSD"}, "ebay-format", "stop"),
        ({"pictures": 0}, "ebay-pictures", "stop"),
        ({"background_kept": True}, "ebay-main-cut-out", "stop"),
        ({"cutout_confidence": 0.6}, "ebay-cutout-confidence", "review"),
        ({"pieces_off": 1}, "ebay-pieces", "review"),
        ({"cutout_touching_sides": 2}, "ebay-cutout-whole", "review"),
        ({"sharpness": 1.5}, "ebay-sharpness", "review"),
    ],
)
def test_ebay_objects_to(fault: dict[str, Any], rule: str, level: str) -> None:
    assert broken("ebay", GOOD | fault, marketplace="ebay-uk")[rule] == level


def test_ebay_asks_for_no_white_background() -> None:
    assert broken("ebay", GOOD | {"background_white_share": 0.0, "border_min_level": 90}, marketplace="ebay-uk") == {}


def test_text_on_an_alternate_picture_is_told_to_ebay_sellers_and_may_be_the_papers() -> None:
    assert broken("ebay", GOOD | {"marks": 2}, marketplace="ebay-uk", position="alt1") == {"ebay-alt-marks": "warn"}


@pytest.mark.parametrize(("condition", "rule"), [("new", "intake-one-product"), ("used", "intake-own-photograph-used")])
def test_a_photograph_of_two_products_is_asked_of_by_what_their_condition_allows(condition: str, rule: str) -> None:
    assert list(broken("intake", PHOTO | {"products_with_photo": 2}, condition=condition)) == [rule]


def test_a_table_says_of_every_published_requirement_by_which_rules_it_is_kept_or_why_by_none() -> None:
    readme = (rules.loader.SHIPPED / "README.md").read_text()
    named = set(re.findall(r"`((?:intake|amazon|ebay)-[a-z0-9-]+)`", readme))

    assert named <= SHIPPED.by_id.keys()
    assert {rule.id for rule in SHIPPED.rules if rule.source.evidence != "ours"} <= named
