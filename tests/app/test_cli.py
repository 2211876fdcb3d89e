"""`packshot ...` as a person and as a program use it: words, JSON lines, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from PIL import Image

import imaging
import rules
from app import config, rulebook
from app.kit import Kit
from tests.app import factories
from tests.app.conftest import Run
from tests.shots import watch_photo


@pytest.fixture
def packshot(command: Run) -> Run:
    return command


@pytest.fixture
def house(packshot: Run) -> Run:
    """The same, migrated."""
    assert packshot("migrate")[0] == 0
    return packshot


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_render_tells_one_object_a_line_and_goes_on_after_a_bad_file(packshot: Run, tmp_path: Path) -> None:
    (tmp_path / "watch.jpg").write_bytes(watch_photo(size=(900, 700)))
    (tmp_path / "bad.jpg").write_bytes(b"no picture")

    code, out, _ = packshot("render", "bad.jpg", "watch.jpg", "--out", "out", "--alpha", "--jobs", "1", "--json")

    bad, good = lines(out)
    assert code == 1
    assert set(bad) == {"file", "error"}
    assert set(good) == {"file", "output", "alpha", "sha256", "facts", "notes", "confidence", "ms"}
    with Image.open(str(good["alpha"])) as mask:
        assert (mask.mode, mask.size) == ("L", (900, 700))
    assert Path(str(good["output"])).is_file()


def test_render_names_the_picture_that_looks_unlike_the_others(packshot: Run, tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.jpg").write_bytes(watch_photo(seed=1, size=(600, 600)))
    with Image.open(tmp_path / "3.jpg") as photo:
        warm = photo.convert("RGB", (1.1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0.75, 0))
    warm.save(tmp_path / "3.jpg", quality=95)

    _, out, _ = packshot("render", *(f"{number}.jpg" for number in range(5)), "--out", "out", "--jobs", "1")

    assert "5 pictures, spread 0.00" in out
    assert [line.split(": ")[1] for line in out.splitlines() if line.startswith("unlike")] == ["3.jpg"]


def test_render_takes_a_recipe_of_ones_own(packshot: Run, tmp_path: Path) -> None:
    shipped = yaml.safe_load((Path(imaging.__file__).parent / "recipes.yaml").read_text())
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"tall": shipped["amazon-main"] | {"width_px": 300, "height_px": 400}}))
    (tmp_path / "watch.jpg").write_bytes(watch_photo(seed=1, size=(900, 900)))

    code, _, _ = packshot("render", "watch.jpg", "--out", "out", "--recipes", "mine.yaml", "--recipe", "tall")

    assert code == 0
    with Image.open(tmp_path / "out" / "watch.jpg") as picture:
        assert picture.size == (300, 400)


def test_render_keeps_a_photos_own_background_without_a_model(packshot: Run, tmp_path: Path) -> None:
    (tmp_path / "shoot").mkdir()
    for number in range(5):
        (tmp_path / "shoot" / f"{number}.jpg").write_bytes(watch_photo(seed=number, size=(900, 600)))
    (tmp_path / "no-model.onnx").write_bytes(b"nothing to cut out by")
    asked = ("render", "shoot", "--out", "out", "--recipe", "ebay-alt-own", "--model", "no-model.onnx", "--jobs", "1")

    code, out, err = packshot(*asked)

    assert (code, err) == (0, "")
    assert out.count("own background") == 5
    assert "unlike" not in out
    with Image.open(tmp_path / "out" / "0.jpg") as picture:
        assert picture.size == (1350, 900)

    code, _, err = packshot(*asked, "--alpha")
    assert code == 2
    assert "--alpha: ebay-alt-own keeps the photo's own background" in err


def test_render_names_the_bad_file_on_stderr_in_one_line(packshot: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"no picture")

    code, out, err = packshot("render", "bad.jpg", "gone.jpg", "--out", "out", "--jobs", "1")

    assert (code, out) == (1, "")
    assert [line.split(":")[:2] for line in err.splitlines()] == [["packshot", " bad.jpg"], ["packshot", " gone.jpg"]]


def test_check_finds_what_stops_a_picture_and_where(packshot: Run, tmp_path: Path) -> None:
    Image.new("RGB", (400, 400), (240, 240, 240)).save(tmp_path / "grey.jpg")

    code, out, _ = packshot("check", "grey.jpg", "--marketplace", "amazon-uk", "--category", "watch", "--json")

    [told] = lines(out)
    findings = told["findings"]
    assert code == 1
    assert set(told) == {"file", "facts", "findings"}
    assert isinstance(findings, list)
    assert {"rule", "level", "value", "limit", "message", "source", "region"} <= set(findings[0])
    assert any(finding["level"] == "stop" for finding in findings)


def test_a_rendered_picture_is_clean_for_check(packshot: Run, tmp_path: Path) -> None:
    (tmp_path / "watch.jpg").write_bytes(watch_photo())
    packshot("render", "watch.jpg", "--out", "out")

    code, out, _ = packshot("check", "out", "--marketplace", "amazon-uk", "--category", "watch")

    assert code == 0, out


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["check", "x.jpg", "--marketplace", "amazon-mars"], "amazon-mars"),
        (["check", "x.jpg", "--marketplace", "amazon-uk", "--position", "alt23"], "alt23"),
        (["check", "x.jpg"], "--marketplace"),
        (["render", "x.jpg"], "--out"),
        (["render", "x.jpg", "--out", "o", "--recipe", "sepia"], "sepia"),
        (["worker", "--stages", "knitting"], "knitting"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_wrong_usage_is_exit_2_and_one_line_that_names_the_thing(packshot: Run, arguments: Sequence[str], names: str) -> None:
    code, out, err = packshot(*arguments)

    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert names in err


def test_a_wrong_setting_names_the_variable(packshot: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKSHOT_STORE_URL", "ftp://nowhere")

    code, _, err = packshot("status")

    assert code == 1
    assert err.startswith("packshot: PACKSHOT_STORE_URL: ")


def test_a_house_that_was_never_migrated_says_what_to_run(packshot: Run) -> None:
    code, _, err = packshot("status")

    assert code == 1
    assert "run `packshot migrate`" in err


def test_rules_hold_their_cases_and_a_broken_overlay_is_named_by_line(packshot: Run, tmp_path: Path) -> None:
    assert packshot("rules", "test")[0] == 0
    assert "Nothing" in packshot("rules", "diff")[1]

    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "amazon.yaml").write_text("- id: amazon-my-rule\n  fact: no_such_fact\n")
    code, _, err = packshot("rules", "test", "--rules", "own")

    assert code == 1
    assert err.startswith("packshot: own/amazon.yaml:")


def test_rules_export_is_what_the_hash_is_of(packshot: Run, tmp_path: Path) -> None:
    code, out, _ = packshot("rules", "export")

    assert code == 0
    assert out.startswith("intake:")
    assert "border_min_level" in packshot("rules", "list", "--authority", "amazon")[1]


def test_stop_and_resume_are_seen_in_status(house: Run) -> None:
    assert house("stop", "--why", "wrong prices")[0] == 0

    assert "wrong prices" in house("status")[1]
    house("resume")
    assert "stopped" not in house("status")[1]


def test_an_account_is_added_from_a_file_and_asks_until_confirmed(house: Run, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps({"lwa_app_id": "a", "lwa_client_secret": "very secret", "refresh_token": "c"}))
    added = house("accounts", "add", "amazon-uk:main", "--seller-id", "A1", "--credentials", "keys.json")

    refused = house("accounts", "policy", "amazon-uk:main", "publish=auto")
    house("accounts", "confirm", "amazon-uk:main")
    allowed = house("accounts", "policy", "amazon-uk:main", "publish=auto", "wait_s=60")

    assert added[0] == 0
    assert (refused[0], "confirmed" in refused[2]) == (1, True)
    assert (allowed[0], "wait_s=60" in allowed[1]) == (0, True)
    assert "very secret" not in added[1] + house("accounts", "list")[1]


def test_new_credentials_need_no_seller_and_are_refused_for_another(house: Run, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps({"lwa_app_id": "a", "lwa_client_secret": "b", "refresh_token": "c"}))
    add = ("accounts", "add", "amazon-uk:main", "--credentials", "keys.json")

    code, _, err = house(*add)
    assert (code, "--seller-id" in err) == (2, True)
    assert house(*add, "--seller-id", "A1")[0] == 0
    assert house(*add, "--replace")[0] == 0
    assert house(*add, "--replace", "--seller-id", "A1")[0] == 0
    code, _, err = house(*add, "--replace", "--seller-id", "B2")
    assert (code, "A1" in err and "B2" in err) == (1, True)


def test_people_and_keys(house: Run) -> None:
    added = house("users", "add", "ada", "--role", "admin", "--password", "correct horse battery")
    key = house("users", "add", "till", "--key")
    weak = house("users", "password", "ada", "--password", "short")

    listed = house("users", "list")[1]
    assert added[0] == 0
    assert key[1].startswith("pk_")
    assert (weak[0], "10" in weak[2]) == (1, True)
    assert "ada" in listed
    assert key[1].strip() not in listed


def test_an_unknown_sku_or_account_is_told(house: Run) -> None:
    for arguments in (["why", "PS-404"], ["status", "PS-404"], ["sync", "plan", "--sku", "PS-404"], ["sync", "plan", "--account", "ebay-uk:gone"]):
        code, _, err = house(*arguments)
        assert code == 1
        assert arguments[-1] in err
    assert house("sync", "plan")[1] == "Nothing is to be sent.\n"


def test_doctor_says_what_is_not_well(house: Run) -> None:
    code, out, _ = house("doctor")

    assert code == 1
    assert "ok    database" in out
    assert "ok    model" in out
    assert "ok    words" in out
    assert "BAD   processes: worker: none is alive" in out


def test_the_scheduler_runs_once_to_rest(tmp_path: Path) -> None:
    environment = {**os.environ, "PACKSHOT_VAR": str(tmp_path / "var")}
    subprocess.run([sys.executable, "-m", "app.cli", "migrate"], env=environment, check=True, capture_output=True)

    found = subprocess.run([sys.executable, "-m", "scheduler", "--once"], env=environment, check=True, capture_output=True, text=True)

    assert found.stdout.strip().endswith("0 tasks done")


def test_the_rules_commands_show_what_accepted_lessons_changed(kit: Kit, packshot: Run) -> None:
    text = (
        "- id: amazon-sharpness\n  limit: 5\n  passes: [5, 9.5]\n  fails: [4.9]\n"
        "  source: {page: a notice, read: 2026-11-23, says: blurred, evidence: notice}\n"
    )
    with kit.db.writing() as session:
        rulebook.activate(session, kit, rules.load(imaging.FACTS, {"amazon.yaml": text}), {"amazon.yaml": text}, "ann", "a lesson")

    assert "sharpness at_least 5" in packshot("rules", "list", "--authority", "amazon")[1]
    assert "amazon-sharpness" in packshot("rules", "diff")[1]


def test_rollout_moves_named_products_and_asks_for_a_share_of_the_others(house: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit(config.load())
    for sku in ("W-1", "W-2", "W-3"):
        factories.item(kit, factories.product(kit, sku, archived=sku == "W-3"))
    kit.close()
    assert house("rollout", "W-1")[:2] == (0, "W-1: no photos moved to the release in force\n")

    monkeypatch.setattr(imaging, "FINISH_VERSION", imaging.FINISH_VERSION + 1)

    assert house("rollout", "W-1")[:2] == (0, "W-1: 1 photo moved to the release in force\n")
    assert house("rollout", "W-3")[0] == 1
    assert house("rollout", "W-1", "--all")[0] == house("rollout", "--share", "0")[0] == 2
    assert "1 product by it, 1 by another; idle" in house("rollout")[1]
    assert "1 product by it, 1 by another; under way, 100% asked for by" in house("rollout", "--all")[1]
    assert "halted" in house("rollout", "--halt", "the gold looks pale")[1]
    assert house("rollout")[1].splitlines()[0].endswith(": the gold looks pale")
    assert "Restart Packshot first" in house("rollout", "--help")[1]


def test_the_header_of_amazons_notifications_is_printed_and_does_not_betray_the_webhook_secret(house: Run, tmp_path: Path) -> None:
    code, out, _ = house("accounts", "hook")

    secret = (tmp_path / "var" / "webhook_secret").read_text().strip()
    assert code == 0
    assert out.splitlines()[0] == "POST /hooks/amazon"
    assert len(out.splitlines()[1].removeprefix("X-Packshot-Secret: ")) == 64
    assert secret not in out
    assert house("accounts", "hook")[1] == out
