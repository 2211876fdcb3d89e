"""What the README tells a newcomer to paste is right."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from click import Group

from app import practice
from app.cli import cli
from app.stages import STAGES
from integrations import inventory

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()


def hook() -> str:
    """The body of the webhook in the README."""
    found = re.search(r"send-hook - <<'EOF'\n(.*?)\nEOF", README, re.DOTALL)
    assert found
    return found[1]


def test_the_webhook_is_an_event_whose_photographs_the_practice_server_has() -> None:
    event = inventory.parse_event("sku.created", hook())

    assert isinstance(event.data, inventory.SkuCreated)
    assert event.sku not in {product["sku"] for product in practice.sample_products(practice.sample_shoot())}
    for photo in event.data.photos or []:
        parts = urlsplit(photo.url or "")
        assert parts.port == practice.FIRST_PORT
        assert (practice.sample_shoot() / parts.path.removeprefix("/shoot/")).is_file(), photo.url
        assert parts.query == "take=2"  # else it would be the photograph of another product


def test_every_command_and_target_that_it_names_exists() -> None:
    for words in re.findall(r"packshot ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)", README):
        name, _, sub = words.partition(" ")
        command = cli.commands.get(name)
        if command is None:
            assert name in {"repository"} or words.startswith("cd"), words
        elif isinstance(command, Group) and sub:
            assert sub in command.commands, words
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"make ([a-z-]+)\b", README)) & {"run", "test", "setup", "prove"} <= set(targets)


def test_every_file_that_it_links_to_exists() -> None:
    for path in re.findall(r"\]\(((?!http)[^)#]+)\)", README):
        assert (ROOT / path).exists(), path


def test_the_images_files_name_the_version_of_uv_that_make_uses() -> None:
    version = re.search(r"UV_VERSION := (\S+)", (ROOT / "Makefile").read_text())
    assert version
    assert f"uv=={version[1]}" in (ROOT / "Dockerfile").read_text()


def test_the_roles_on_many_machines_serve_every_stage() -> None:
    composed = {stage for words in re.findall(r'--stages, "([a-z,]+)"', (ROOT / "compose.yaml").read_text()) for stage in words.split(",")}
    told = {stage for words in re.findall(r"--stages ([a-z,]+)", README) for stage in words.split(",")}

    assert composed == told == set(STAGES)
