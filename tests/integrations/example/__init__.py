"""A third marketplace, to show how little one needs: `packshot_shop` is the connector as a package of its own, `server.py` the marketplace behind it."""

import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

HERE = Path(__file__).parent
GROUP = "packshot.marketplaces"


def point() -> EntryPoint:
    """The entry point that the package's pyproject.toml registers."""
    registered = tomllib.loads((HERE / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"][GROUP]
    [(name, value)] = registered.items()
    return EntryPoint(name, value, GROUP)


def install(site: Path) -> list[str]:
    """Write the package's metadata to a folder, as an installer would; the folders that must be on the path."""
    folder = site / "packshot_shop-0.1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: packshot-shop\nVersion: 0.1\n", "utf-8")
    (folder / "entry_points.txt").write_text(f"[{GROUP}]\n{point().name} = {point().value}\n", "utf-8")
    return [str(site), str(HERE)]
