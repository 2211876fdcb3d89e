"""`python -m scheduler [--once]`: what `packshot scheduler` does, without the rest of the command line."""

from __future__ import annotations

import argparse
import sys

from app import config, life, log, migrate
from app.kit import Kit
from scheduler.loop import once, run


def main() -> int:
    """Call the periodic jobs until asked to stop; `--once` runs every stage to rest and ends."""
    parser = argparse.ArgumentParser(prog="python -m scheduler")
    parser.add_argument("--once", action="store_true", help="run every stage to rest in this process, then end")
    given = parser.parse_args()
    try:
        settings = config.load()
        log.set_up(settings.log_format, process="scheduler")
        kit = Kit(settings)
        if given.once:
            print(f"{once(kit)} tasks done")
        else:
            run(kit, life.default_name("scheduler"), life.stop_on_signals())
        kit.close()
    except (config.ConfigError, migrate.NotMigrated) as error:
        print(f"packshot: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
