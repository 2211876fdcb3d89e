"""The seller's files change, break and heal while pictures are judged: a set is composed of files that stood still, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

import imaging
import rules
from app import rulebook
from app.errors import Refusal
from app.kit import RULE_SETS_KEPT, Kit
from app.models import Placement, RuleActivation, RuleSetRow, Setting, Verdict
from app.stages import STAGES
from app.stages.run import settle_all
from scheduler import House, jobs
from tests.app.factories import account, item, placement, product, rendition
from tests.reload import added, changed, judge_while_files_change


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


@pytest.fixture
def kit(make_kit: Callable[..., Kit], own: Path) -> Kit:
    return make_kit(rules_dir=own)


def look_twice(house: House) -> None:
    jobs.renew_rules(house)
    jobs.renew_rules(house)


def in_force(kit: Kit) -> str:
    with kit.db.reading() as session:
        return rulebook.active_hash(session) or ""


def broken(kit: Kit) -> list[str]:
    with kit.db.reading() as session:
        row = session.get(Setting, rulebook.BROKEN)
        return list(row.value["problems"]) if row else []


def test_a_changed_overlay_is_put_in_force_and_a_broken_one_is_refused_by_line(kit: Kit, own: Path) -> None:
    house, shipped = House(kit, "one"), in_force(kit)
    look_twice(house)

    (own / "amazon.yaml").write_text("- id: amazon-mine\n  fact: none\n")
    look_twice(house)
    assert in_force(kit) == shipped
    assert any(problem.startswith("amazon.yaml:2:9: amazon-mine") for problem in broken(kit))

    (own / "amazon.yaml").write_text(changed(7))
    look_twice(house)
    assert (in_force(kit), broken(kit)) == (rules.load(imaging.FACTS, {"amazon.yaml": changed(7)}).hash, [])


def test_a_file_that_is_no_text_is_refused_like_any_broken_one(kit: Kit, own: Path) -> None:
    shipped = in_force(kit)

    (own / "ebay.yaml").write_bytes(b"\xff\xfe")
    look_twice(House(kit, "one"))

    assert (in_force(kit), broken(kit)) == (shipped, ["ebay.yaml:1:1: holds the character '\\udcff', which no text has"])


def test_a_half_written_file_is_left_alone_until_it_stands_still(kit: Kit, own: Path) -> None:
    house, text = House(kit, "one"), changed(7) + added("amazon-mine", "fill", 0.9)
    look_twice(house)
    shipped, seen = in_force(kit), []

    for part in ("", text[: len(changed(7))], text):  # an editor empties the file, then writes; its first half would load
        (own / "amazon.yaml").write_text(part)
        jobs.renew_rules(house)
        seen.append(in_force(kit))
    jobs.renew_rules(house)

    assert seen == [shipped] * 3
    assert in_force(kit) == rules.load(imaging.FACTS, {"amazon.yaml": text}).hash


def test_files_changed_one_after_another_are_taken_together(kit: Kit, own: Path) -> None:
    house = House(kit, "one")
    look_twice(house)

    (own / "amazon.yaml").write_text(changed(7))
    jobs.renew_rules(house)
    (own / "ebay.yaml").write_text(added("ebay-mine", "fill", 0.9))
    look_twice(house)

    with kit.db.reading() as session:
        sets = list(session.scalars(sa.select(RuleActivation.rule_set).order_by(RuleActivation.id)))
    assert len(sets) == 2, "the set of both, never the set of one"
    assert sets[-1] == rules.load(imaging.FACTS, {"amazon.yaml": changed(7), "ebay.yaml": added("ebay-mine", "fill", 0.9)}).hash


def test_a_file_that_changes_while_another_is_read_makes_the_reader_look_again(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("amazon.yaml", "ebay.yaml"):
        (own / name).write_text("[]\n")
    read, changed = rulebook._text, []

    def meanwhile(path: Path) -> str:
        if path.name == "ebay.yaml" and not changed:
            changed.append(path)
            (own / "amazon.yaml").write_text("# both changed\n")
            (own / "ebay.yaml").write_text("# both changed\n")
        return read(path)

    monkeypatch.setattr(rulebook, "_text", meanwhile)

    assert set(rulebook.look(own).texts.values()) == {"# both changed\n"}


def test_a_set_that_somebody_put_in_force_meanwhile_is_not_undone_by_what_was_read_before(kit: Kit, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own / "amazon.yaml").write_text(changed(7))
    lesson, load = {"amazon.yaml": changed(8)}, rules.load
    once = threading.Event()

    def accepted_meanwhile(*given: object) -> rules.RuleSet:
        if not once.is_set():
            once.set()
            with kit.db.writing() as session:
                rulebook.activate(session, kit, load(imaging.FACTS, lesson), lesson, "ada", "a lesson")
                rulebook.export(kit, lesson)
        return load(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(rules, "load", accepted_meanwhile)
    house = House(kit, "one")
    look_twice(house)
    look_twice(house)

    with kit.db.reading() as session:
        assert [(row.who, row.why) for row in session.scalars(sa.select(RuleActivation).order_by(RuleActivation.id))][1:] == [("ada", "a lesson")]
    assert in_force(kit) == load(imaging.FACTS, lesson).hash


def test_who_changes_the_overlay_does_not_write_over_a_file_that_is_not_in_force_yet(kit: Kit, own: Path) -> None:
    (own / "amazon.yaml").write_text(changed(7))

    with kit.db.reading() as session, pytest.raises(Refusal, match=r"amazon\.yaml: not in force as it stands there"):
        rulebook.refuse_pending(session, kit, {})

    look_twice(House(kit, "one"))
    with kit.db.reading() as session:
        rulebook.refuse_pending(session, kit, {})
        assert rulebook.kept_overlay(session) == {"amazon.yaml": changed(7)}


def test_other_comments_are_kept_beside_the_same_set(kit: Kit, own: Path) -> None:
    house, before = House(kit, "one"), in_force(kit)
    (own / "amazon.yaml").write_text("# nothing yet\n")
    look_twice(house)

    with kit.db.reading() as session:
        assert session.get_one(RuleSetRow, before).overlay == {"amazon.yaml": "# nothing yet\n"}
    assert in_force(kit) == before


def test_a_worker_on_another_set_fetches_the_one_in_force_with_its_next_task(make_kit: Callable[..., Kit], kit: Kit, own: Path) -> None:
    worker = Kit(kit.settings, clock=kit.clock)  # a process of its own: its memory is its own
    of = product(kit)
    dial = item(kit, of)
    place = placement(kit, dial, account(kit, "amazon-uk:main"), rendition(kit, dial, recipe="amazon-main", facts={"sharpness": 8.0}))
    check = {"check": STAGES["check"]}
    settle_all(worker, check)

    (own / "amazon.yaml").write_text(changed(9))
    look_twice(House(kit, "one"))
    settle_all(worker, check)

    with kit.db.reading() as session:
        verdicts = list(session.scalars(sa.select(Verdict).where(Verdict.placement_id == place.id).order_by(Verdict.id)))
        assert session.get_one(Placement, place.id).judged_rules == in_force(kit)
    worker.close()
    assert [verdict.rule_set == in_force(kit) for verdict in verdicts] == [False, True]
    assert ["amazon-sharpness" in {found["rule"] for found in verdict.findings} for verdict in verdicts] == [False, True]


def test_only_the_latest_sets_are_kept_in_memory(kit: Kit) -> None:
    made = [rules.load(imaging.FACTS, {"amazon.yaml": changed(n)}) for n in range(4, 4 + RULE_SETS_KEPT + 1)]

    for one in (*made, made[0]):
        assert kit.rule_set(one.hash, lambda one=one: one.yaml) == one  # type: ignore[misc]

    assert len(kit._rule_sets) == RULE_SETS_KEPT


def test_no_check_sees_half_a_set_while_the_files_change_break_and_heal(kit: Kit, own: Path) -> None:
    told = judge_while_files_change(kit, own, seed=5, changes=5, checks=500)

    assert told.checks >= 500
    assert told.sets_used >= 3
    assert told.refused >= 1


def test_lessons_that_were_kept_without_a_folder_move_into_the_one_that_is_named(make_kit: Callable[..., Kit], own: Path) -> None:
    without = make_kit()
    lesson = "- id: amazon-main-fill\n  limit: 0.8\n  passes: [0.8]\n  fails: [0.79]\n  source: {page: ours, read: 2026-01-01, says: so, evidence: ours}\n"
    with without.db.writing() as session:
        rulebook.activate(session, without, rules.load(imaging.FACTS, {"amazon.yaml": lesson}), {"amazon.yaml": lesson}, "ann", "a lesson")
    learnt = in_force(without)

    kit = make_kit(rules_dir=own)

    assert rulebook.renew(kit, "tests", "start") == learnt
    assert (own / "amazon.yaml").read_text() == lesson
    (own / "amazon.yaml").unlink()  # from now on the folder is what the seller says
    assert rulebook.renew(kit, "tests", "a file was removed") != learnt
