"""A simulation says beforehand what the check stage will say afterwards, from stored facts, and changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

import imaging
import rules
from app import activation
from app.config import Settings
from app.errors import Refusal
from app.kit import Kit
from app.models import Account, Event, FileFacts, Placement, Retouch, RuleActivation, Work
from app.simulation import Simulation, simulate
from app.stages import STAGES
from app.stages.run import settle_all
from app.states import ListingState, PlacementState
from tests import simulated
from tests.app.factories import account, item, listing, placement, product, rendition
from tests.reload import added, changed


def compared(kit: Kit, files: dict[str, str], listed: int | None = None) -> Simulation:
    return activation.rehearse(kit, files, listed=listed)[1]


def test_a_simulation_is_what_judging_everything_again_says(kit: Kit) -> None:
    simulated.build(kit, 300, seed=4)
    new = rules.load(imaging.FACTS, simulated.CHANGED)

    told = compared(kit, simulated.CHANGED)

    with kit.db.reading() as session:
        again = simulated.judged_again(session, rules.load(imaging.FACTS), new, kit.now())
    changed_ones = {key: fails for key, (failed, fails) in again.items() if failed != fails}
    assert {(line.sku, line.account, line.position): line.fails for line in told.lines if line.proposed} == changed_ones
    assert (told.failing, told.passing) == (sum(changed_ones.values()), len(changed_ones) - sum(changed_ones.values()))
    assert min(told.failing, told.passing) > 10, "nothing was planted: the law would hold for nothing"
    assert told.products_failing == len({sku for (sku, _, _), fails in changed_ones.items() if fails})
    assert told.pictures - told.unmeasured <= len(again) <= told.pictures


def test_what_the_check_stage_decides_afterwards_is_what_was_simulated(kit: Kit) -> None:
    simulated.build(kit, 15, seed=5)
    stage = {"check": STAGES["check"]}
    with kit.db.reading() as session:
        measured = {*session.scalars(sa.select(FileFacts.file_sha256))}
    with kit.db.writing() as session:  # what was never measured would be measured from bytes that these rows do not have
        for place in session.scalars(sa.select(Placement)):
            if place.rendition is None or place.rendition.file_sha256 not in measured:
                session.delete(place)
    settle_all(kit, stage)
    before = states(kit)

    done, told = activation.activate(kit, simulated.CHANGED, "ada", "a new year", force=True)
    settle_all(kit, stage)

    moved = {key: state == PlacementState.REVIEW for key, state in states(kit).items() if state != before[key]}
    assert done
    assert moved
    assert {(line.sku, line.account, line.position): line.fails for line in told.lines if line.proposed} == moved


def states(kit: Kit) -> dict[tuple[str, str, str], PlacementState]:
    with kit.db.reading() as session:
        return {(place.product.sku, place.account.key, place.position): place.state for place in session.scalars(sa.select(Placement))}


def live(kit: Kit, sku: str, *, price: int = 10_000, quantity: int = 2, shown: dict[str, float] | None = None, **facts: float) -> None:
    """A product live on Amazon with a main picture of these facts; where `shown` is given, the marketplace still shows one of those."""
    with kit.db.reading() as session:
        known = session.scalar(sa.select(Account))
    on = known or account(kit, "amazon-uk:main")
    of = product(kit, sku, price_minor=price, quantity=quantity)
    dial = item(kit, of)
    made = rendition(kit, dial, facts=facts)
    placement(kit, dial, on, made, state=PlacementState.APPROVED)
    file = rendition(kit, dial, facts=shown).file_sha256 if shown else made.file_sha256
    listing(kit, of, on, ListingState.LIVE, pushed={sku: {"main": file}}, pushed_print="0" * 64)


def test_money_minutes_and_live_listings_are_counted_once_each(kit: Kit) -> None:
    live(kit, "SHARP", sharpness=15.0)
    live(kit, "SOFT", price=12_345, quantity=3, sharpness=5.0)
    live(kit, "OLD-ONE-UP", sharpness=15.0, shown={"sharpness": 5.0})

    told = compared(kit, {"amazon.yaml": changed(9)})

    assert (told.failing, told.products_failing, told.passing) == (1, 1, 0)
    assert (told.listings, told.listings_failing, told.accepted) == (3, 2, 2)
    assert (told.money_failing, told.money_live) == ({"GBP": 37_035}, {"GBP": 37_035 + 20_000})
    assert (told.minutes, told.minutes_basis) == (2.0, "PACKSHOT_REVIEW_MINUTES")
    assert told.by_rule == {"amazon-sharpness": {"failing": 1, "passing": 0}}
    assert {(line.sku, line.live, line.proposed) for line in told.lines} == {("SOFT", True, True), ("OLD-ONE-UP", True, False)}


def test_minutes_come_from_retouches_once_there_are_enough(kit: Kit) -> None:
    live(kit, "SOFT", sharpness=5.0)
    with kit.db.writing() as session:
        number = session.scalar(sa.select(Placement.item_id))
        session.add_all(Retouch(item_id=number, sent_at=kit.now(), minutes=minutes) for minutes in [10, 20] * 5)

    told = compared(kit, {"amazon.yaml": changed(9)})

    assert (told.minutes, told.minutes_basis) == (15.0, "the mean of 10 retouches")


def test_a_change_in_words_alone_changes_no_picture(kit: Kit) -> None:
    live(kit, "SOFT", sharpness=5.0)
    source = "{page: house, read: 2026-11-22, says: sharper}"

    told = compared(kit, {"amazon.yaml": f"- {{id: amazon-sharpness, message: Look again., source: {source}}}\n"})

    assert (told.failing, told.passing, told.lines) == (0, 0, [])
    assert told.changes == ["amazon-sharpness: message changed", "amazon-sharpness: source changed"]


def test_past_notices_are_held_against_what_was_live_then(kit: Kit) -> None:
    simulated.build(kit, 250, seed=6)
    with kit.db.reading() as session:
        new, old = rules.load(imaging.FACTS, simulated.CHANGED), rules.load(imaging.FACTS)
        there, back = simulate(session, kit.settings, old, new, kit.now()), simulate(session, kit.settings, new, old, kit.now())

    assert there.notices_caught > 0
    assert (there.notices_caught, there.notices_missed) == (back.notices_missed, back.notices_caught)
    assert there.notices_caught + there.notices_missed < there.notices
    assert all(line.rules and line.code == "99001" for line in (*there.past, *there.past_missed))


def test_new_intake_rules_are_held_against_photos_as_they_came_in(kit: Kit) -> None:
    simulated.build(kit, 30, seed=6)

    told = compared(kit, {"intake.yaml": added("intake-crisp", "sharpness", 20)})

    assert 0 < told.photos_flagged < 30
    assert (told.pictures, told.failing) == (0, 0)


def test_files_that_do_not_load_are_refused_by_line_and_nothing_changes(kit: Kit) -> None:
    with pytest.raises(rules.RuleError, match=r"amazon\.yaml:2:9: amazon-mine"):
        activation.activate(kit, {"amazon.yaml": "- id: amazon-mine\n  fact: none\n"}, "ada", "")

    assert activations(kit) == [("tests", "start")]


def test_too_many_live_listings_need_force_and_a_reason(kit: Kit) -> None:
    live(kit, "SOFT", sharpness=5.0)
    live(kit, "SHARP", sharpness=15.0)
    files = {"amazon.yaml": changed(9)}

    with pytest.raises(Refusal, match=r"1 of 2 live listings \(50\.0%\) would newly fail; more than 5% needs a reason"):
        activation.activate(kit, files, "ada", "because")
    with pytest.raises(Refusal, match="say why"):
        activation.activate(kit, files, "ada", " ", force=True)
    assert activations(kit) == [("tests", "start")]

    done, _ = activation.activate(kit, files, "ada", "Amazon asks for it", force=True)
    again, _ = activation.activate(kit, files, "ada", "Amazon asks for it", force=True)

    why = "Amazon asks for it (forced): 1 pictures newly fail, 0 newly pass, 1 of 2 live listings would fail"
    assert (done, again) == (True, False)
    assert activations(kit) == [("tests", "start"), ("ada", why)]
    with kit.db.reading() as session:
        event = session.scalars(sa.select(Event).where(Event.kind == "rules").order_by(Event.id.desc())).first()
        assert event is not None
        assert (event.what, event.who, event.why) == ("activated", "ada", why)
        assert Counter(session.scalars(sa.select(Work.stage)))["check"] == 2, "both are judged again"


def activations(kit: Kit) -> list[tuple[str, str]]:
    with kit.db.reading() as session:
        return [(row.who, row.why) for row in session.scalars(sa.select(RuleActivation).order_by(RuleActivation.id))]


def test_a_small_share_needs_no_force(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(max_newly_failing=0.5)
    live(kit, "SOFT", sharpness=5.0)
    live(kit, "SHARP", sharpness=15.0)

    assert activation.activate(kit, {"amazon.yaml": changed(9)}, "ada", "")[0]


def test_what_was_not_simulated_is_not_put_in_force(kit: Kit) -> None:
    proposal, _ = activation.rehearse(kit, {"amazon.yaml": changed(9)})
    activation.activate(kit, {"ebay.yaml": added("ebay-mine", "noise", 0.1)}, "bob", "mine")

    with pytest.raises(Refusal, match="not those that were simulated"):
        activation.activate(kit, {"amazon.yaml": changed(9)}, "ada", "", expected=proposal.rule_set.hash)


def test_the_folder_of_rules_says_the_same_as_what_was_put_in_force(make_kit: Callable[..., Kit], tmp_path: Path) -> None:
    kit = make_kit(rules_dir=tmp_path / "own")

    activation.activate(kit, {"amazon.yaml": changed(9)}, "ada", "")
    assert (tmp_path / "own" / "amazon.yaml").read_text() == changed(9)

    (tmp_path / "own" / "amazon.yaml").write_text(changed(8))
    with pytest.raises(Refusal, match="not in force as it stands there"):
        activation.activate(kit, {"amazon.yaml": changed(10)}, "ada", "")
    assert (tmp_path / "own" / "amazon.yaml").read_text() == changed(8)
    assert activation.activate(kit, activation.files_of(tmp_path / "own"), "ada", "as it stands")[0]


def test_an_exported_set_can_be_simulated_and_put_in_force(kit: Kit, tmp_path: Path) -> None:
    wished = rules.load(imaging.FACTS, {**simulated.CHANGED, "intake.yaml": added("intake-crisp", "sharpness", 20)})
    file = tmp_path / "whole.yaml"
    file.write_text(wished.yaml)

    proposal, _ = activation.rehearse(kit, activation.files_of(file))
    activation.activate(kit, activation.files_of(file), "ada", "")

    assert proposal.rule_set == wished
    assert proposal.texts is not None
    assert rules.load(imaging.FACTS, proposal.texts) == wished
    with kit.db.reading() as session:
        assert session.scalars(sa.select(RuleActivation.rule_set).order_by(RuleActivation.id.desc())).first() == wished.hash


def test_a_set_without_a_shipped_rule_can_only_be_simulated(kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "whole.yaml").write_text(rules.RuleSet(rule for rule in rules.load(imaging.FACTS).rules if rule.id != "amazon-sharpness").yaml)
    files = activation.files_of(tmp_path / "whole.yaml")
    live(kit, "SOFT", sharpness=1.0)

    proposal, told = activation.rehearse(kit, files)
    with pytest.raises(Refusal, match="lacks amazon-sharpness"):
        activation.activate(kit, files, "ada", "", force=False)

    assert (proposal.texts, told.passing) == (None, 1)


def test_a_file_of_another_name_is_told_how_overlays_are_named(kit: Kit) -> None:
    with pytest.raises(rules.RuleError) as refused:
        activation.rehearse(kit, {"mine.yaml": changed(9)})

    assert refused.value.problems[0].startswith("mine.yaml:1:1: expected the authorities")
    assert "an overlay is named intake.yaml, amazon.yaml, ebay.yaml" in refused.value.problems[1]


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="max_newly_failing"):
        Settings(max_newly_failing=5)
