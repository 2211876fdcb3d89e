"""`packshot check` as a linter: exit codes, JSON that stays as it is, and the hook and the job of the README."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

import imaging
from integrations.sources import PHOTO_SUFFIXES
from tests.app.conftest import Run
from tests.shots import watch_photo

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


@pytest.fixture
def packshot(command: Run) -> Run:
    return command


def picture(name: str, size: int = 1200, quality: int = 95, colour: int = 255) -> None:
    """A dark item on a plain ground: sharp, large enough, in the middle."""
    image = Image.new("RGB", (size, size), (colour,) * 3)
    noise = Image.effect_noise((size, size), 90).convert("RGB").point(lambda level: level // 2)
    image.paste(noise.crop((0, 0, size * 9 // 10, size * 9 // 10)), (size // 20, size // 20))
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    image.save(name, quality=quality)


@pytest.mark.parametrize(
    ("size", "fail_on", "code"),
    [(1200, "review", 0), (1200, "warn", 1), (400, "stop", 1), (1700, "warn", 0)],
)
def test_the_exit_code_says_whether_a_finding_is_as_grave_as_asked(packshot: Run, size: int, fail_on: str, code: int) -> None:
    picture("p.jpg", size)

    found, out, _ = packshot("check", "p.jpg", "--marketplace", "ebay-uk", "--fail-on", fail_on)

    assert found == code, out


def test_without_saying_so_only_what_stops_fails(packshot: Run) -> None:
    picture("p.jpg", 1200)

    code, out, _ = packshot("check", "p.jpg", "--marketplace", "ebay-uk")

    assert code == 0
    assert "warn ebay-best-size" in out


def test_one_file_that_is_no_picture_fails_and_the_rest_are_checked(packshot: Run) -> None:
    Path("bad.jpg").write_bytes(b"no picture")
    picture("good.jpg", 1700)

    code, out, _ = packshot("check", "bad.jpg", "gone.jpg", "good.jpg", "--marketplace", "ebay-uk", "--json")

    bad, gone, good = map(json.loads, out.splitlines())
    assert code == 1
    assert set(bad) == set(gone) == {"file", "error"}
    assert (good["file"], good["findings"]) == ("good.jpg", [])


def test_a_place_without_pictures_is_wrong_usage_and_no_pass(packshot: Run) -> None:
    Path("empty").mkdir()
    Path("empty", "notes.txt").write_text("no picture")

    assert packshot("check", "empty", "--marketplace", "ebay-uk")[::2] == (2, "packshot: there is no picture in empty (see packshot check --help)\n")


def test_a_category_that_no_rule_speaks_of_is_said_aloud(packshot: Run) -> None:
    picture("p.jpg")

    _, _, said = packshot("check", "p.jpg", "--marketplace", "amazon-uk", "--category", "clock")
    _, _, silent = packshot("check", "p.jpg", "--marketplace", "amazon-uk", "--category", "watch")

    assert "--category clock: no rule speaks of it" in said
    assert "--category" not in silent


def test_rules_that_do_not_load_are_wrong_usage_and_no_finding(packshot: Run) -> None:
    picture("p.jpg")
    Path("own").mkdir()
    Path("own", "ebay.yaml").write_text("- id: ebay-mine\n  fact: beauty\n")

    code, out, err = packshot("check", "p.jpg", "--marketplace", "ebay-uk", "--rules", "own")

    assert (code, out) == (2, "")
    assert err.startswith("packshot: own/ebay.yaml:2:9: ebay-mine: fact: unknown fact 'beauty'")


def test_the_rules_of_a_seller_are_judged_by(packshot: Run) -> None:
    picture("p.jpg", 1700)
    Path("own").mkdir()
    Path("own", "ebay.yaml").write_text(
        "- id: ebay-mine\n  fact: longest_side\n  operator: at_least\n  limit: 1800\n  level: review\n  message: Ours are larger.\n"
        "  source: {page: p, read: 2001-01-01, says: s}\n  passes: [1800]\n  fails: [1799]\n"
    )

    code, out, _ = packshot("check", "p.jpg", "--marketplace", "ebay-uk", "--rules", "own", "--fail-on", "review")

    assert (code, out) == (1, "p.jpg: review ebay-mine: longest_side is 1700. Ours are larger. [p]\n")


def test_the_json_has_the_keys_that_the_readme_promises(packshot: Run) -> None:
    picture("p.jpg", 400, colour=90)
    table = README[README.index("| key | value |") :].split("\n\n")[0]
    promised = set(re.findall(r"[`.](\w+)`", "".join(line.split("|")[1] for line in table.splitlines()[2:])))

    out = packshot("check", "p.jpg", "--marketplace", "amazon-uk", "--json")[1]

    told = json.loads(out)
    assert set(told) == {"file", "facts", "findings"}
    assert set(told) | {"error"} | {key for finding in told["findings"] for key in finding} == promised
    assert set(told["facts"]) <= set(imaging.FACTS)
    assert all(set(finding["source"]) == {"page", "read", "says", "evidence"} for finding in told["findings"])
    assert [finding["level"] for finding in told["findings"]] == sorted((f["level"] for f in told["findings"]), key=["stop", "review", "warn"].index)
    assert any(isinstance(finding["region"], list) and len(finding["region"]) == 4 for finding in told["findings"])


def test_it_needs_no_database_no_account_and_no_model(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(watch_photo(size=(600, 450)))
    code = (
        "import sys, app.cli, imaging.words\n"
        "imaging.words.INSTALLED = False\n"  # the extra `ocr` reads words with a model of its own
        "try: app.cli.main(['check', 'photo.jpg', '--marketplace', 'ebay-uk'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'sqlalchemy', 'flask', 'dbos', 'onnxruntime', 'sp_api', 'ebaysdk', 'app.kit', 'app.config'} & set(sys.modules)))"
    )
    run: dict[str, Any] = {"cwd": tmp_path, "capture_output": True, "text": True, "check": True}

    found = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT), "PACKSHOT_DATABASE_URL": "sqlite:////nowhere/at/all.db"}, **run)

    assert found.stdout.splitlines()[-1] == "[]", found.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


def test_the_hook_runs_as_it_stands_and_with_the_arguments_of_the_readme(packshot: Run) -> None:
    (hook,) = HOOKS
    (example,) = yaml.safe_load(re.search(r"# \.pre-commit-config\.yaml\n(.*?)```", README, re.DOTALL)[1])["repos"]  # type: ignore[index]
    picture("small.jpg", 400)
    name, command = hook["entry"].split()

    assert (hook["id"], name, hook["language"]) == (example["hooks"][0]["id"], "packshot", "python")
    for arguments in (hook["args"], example["hooks"][0]["args"]):
        code, out, _ = packshot(command, *arguments, "small.jpg")
        assert code == 1
        assert "amazon-longest-side" in out


def test_the_hook_takes_the_files_that_are_pictures() -> None:
    (hook,) = HOOKS

    assert all(re.search(hook["files"], f"a/b{suffix}") and re.search(hook["files"], f"B{suffix.upper()}") for suffix in PHOTO_SUFFIXES)
    assert not any(re.search(hook["files"], name) for name in ("a.svg", "a.pdf", "jpg", "a.jpg.txt"))


def test_the_job_of_the_readme_does_what_it_says(packshot: Run) -> None:
    job = yaml.safe_load(re.search(r"```yaml\n(check-pictures:.*?)```", README, re.DOTALL)[1])["check-pictures"]  # type: ignore[index]
    picture("pictures/main/a.jpg", 400)
    picture("pictures/more/b.jpg", 2000)
    _, first, second = (line.split(">")[0].split() for line in job["script"])

    assert packshot(*first[1:])[0] == 1
    code, out, _ = packshot(*second[1:])
    assert (code, json.loads(out)["file"]) == (0, "pictures/more/b.jpg")
