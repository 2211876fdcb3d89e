"""A marketplace in a package of its own: one entry point, and it is there for rules, commands and accounts."""

import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from PIL import Image

from integrations.sites import ENTRY_POINTS, all_sites
from tests.integrations.example import install, point


def with_it(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process that has the package installed."""
    path = os.pathsep.join([*install(site), *sys.path])
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": path})


def test_its_pictures_are_checked_by_its_own_rules_file(tmp_path: Path) -> None:
    Image.new("RGB", (600, 600), "white").save(tmp_path / "small.jpg")

    done = with_it(tmp_path, "-m", "app.cli", "check", str(tmp_path / "small.jpg"), "--marketplace", "shop-uk", "--json")

    assert done.returncode == 1, done.stderr
    assert [finding["rule"] for finding in json.loads(done.stdout)["findings"]] == ["shop-longest-side"]


def test_its_sites_are_among_ours_without_its_code_being_loaded(tmp_path: Path) -> None:
    code = "import sys, integrations; print(integrations.SITES['shop-uk'].connector, 'packshot_shop' in sys.modules, len(integrations.SITES))"

    assert with_it(tmp_path, "-c", code).stdout.split() == ["shop", "False", "7"]


@pytest.mark.parametrize(
    ("files", "name", "words"),
    [
        ({}, "other", "must bring it"),
        ({"marketplaces.yaml": "just text"}, "other", "other_package/marketplaces.yaml: needs `connectors`"),
        ({"marketplaces.yaml": "connectors: {other: {}}\nmarketplaces: {other-uk: {connector: else}}"}, "other", "other-uk: needs a connector"),
        ({"marketplaces.yaml": "connectors: {other: {}}\nmarketplaces: {other-uk: {connector: other}}"}, "other", "other-uk: .*missing"),
        ({"marketplaces.yaml": ""}, "Other!", "small letters"),
    ],
)
def test_a_package_that_is_not_as_it_must_be_is_named(files: dict[str, str], name: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "other_package"
    package.mkdir()
    for file, text in {"__init__.py": "", **files}.items():
        (package / file).write_text(text, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(ValueError, match=words):
        all_sites([EntryPoint(name, "other_package:connect", ENTRY_POINTS)])


def test_a_package_that_speaks_for_a_marketplace_of_ours_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in install(tmp_path):
        monkeypatch.syspath_prepend(folder)

    with pytest.raises(ValueError, match=r"shop-uk: there already, or not of the connector amazon"):
        all_sites([EntryPoint("amazon", point().value, ENTRY_POINTS)])
