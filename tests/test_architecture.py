"""The import direction is a test, not a wish: the contracts of pyproject.toml [tool.importlinter]."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TOP = {"app", "integrations", "imaging", "rules", "migrations", "scheduler", "tests"}


def test_imports_point_one_way() -> None:
    found = subprocess.run([Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert found.returncode == 0, found.stdout + found.stderr


def test_a_contract_that_is_broken_is_noticed(tmp_path: Path) -> None:
    text = (ROOT / "pyproject.toml").read_text()
    (tmp_path / "pyproject.toml").write_text(text.replace('allowed_importers = ["app.jobs"]', 'allowed_importers = ["app.web"]'))

    found = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--config", tmp_path / "pyproject.toml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 1
    assert "app.jobs -> dbos" in found.stdout


def test_importing_the_scheduler_loads_no_flask_and_no_model() -> None:
    code = "import sys, scheduler.jobs; print(sorted({'flask', 'onnxruntime', 'sp_api', 'ebaysdk'} & set(sys.modules)))"

    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def test_the_command_line_loads_nothing_heavy_before_it_is_needed() -> None:
    code = "import sys, app.cli; print(sorted({'flask', 'sqlalchemy', 'dbos', 'numpy', 'cv2', 'PIL', 'integrations', 'rules'} & set(sys.modules)))"

    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def test_the_lock_files_hold_no_address() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", lock.read_text()), lock.name


def test_the_wheel_ships_every_package_of_the_house() -> None:
    listed = re.search(r"packages = (\[.*\])", (ROOT / "pyproject.toml").read_text())
    assert listed

    assert set(re.findall(r'"(\w+)"', listed[1])) == TOP - {"tests"}
