"""`python -m integrations.practice`: the practice marketplaces alone."""

import argparse
from pathlib import Path

from integrations.practice import serve


def main() -> None:
    """Read the command line and serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m integrations.practice", description="Practice marketplaces on this machine.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one")
    parser.add_argument("--database", type=Path, default=Path("var/practice.db"))
    parser.add_argument("--seed", type=int, default=0, help="decides which calls a fault given by rate strikes")
    parser.add_argument("--faults", type=Path, help="YAML list of orders, as orders.py has them")
    parser.add_argument("--no-limits", action="store_true", help="refuse no call for its rate")
    parser.add_argument("--hidden", type=Path, help="other hidden limits and delays, in the shape of hidden.yaml")
    given = parser.parse_args()
    serve(given.host, given.port, database=given.database, seed=given.seed, faults=given.faults, hidden=given.hidden, limits=not given.no_limits)


if __name__ == "__main__":
    main()
