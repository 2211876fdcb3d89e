"""10,000 products with planted violations: the simulation of a rule change, in a process of its own, is what judging everything again says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import imaging
import rules
from app import rulebook
from app.config import Settings
from app.kit import Kit
from app.migrate import migrate
from tests import simulated

PRODUCTS = 10_000
MOST_SECONDS, MOST_MB = 15.0, 300.0  # 10 s are asked for on two quiet cores, and half as much again allowed to a slower or busier machine


def prove(seed: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        kit = Kit(Settings(var=Path(folder) / "var", secret_key="a secret key for proofs"))  # type: ignore[arg-type]
        migrate(kit.settings.database)
        rulebook.renew(kit, "proof", "start")
        simulated.build(kit, PRODUCTS, seed)
        for name, text in simulated.CHANGED.items():
            (Path(folder) / "changed" / name).parent.mkdir(exist_ok=True)
            (Path(folder) / "changed" / name).write_text(text)
        told, seconds, processor, megabytes = _in_its_own_process(Path(folder))
        with kit.db.reading() as session:
            again = simulated.judged_again(session, rules.load(imaging.FACTS), rules.load(imaging.FACTS, simulated.CHANGED), kit.now())
        kit.close()
    otherwise = {key: fails for key, (failed, fails) in again.items() if failed != fails}
    lines = {(line["sku"], line["account"], line["position"]): line["fails"] for line in told["lines"] if line["proposed"]}
    wrong = {key for key in lines.keys() | otherwise.keys() if lines.get(key) != otherwise.get(key)}
    assert not wrong, f"{len(wrong)} of {len(again)} pictures told otherwise than judged again: {sorted(wrong)[:5]}"
    assert min(told["failing"], told["passing"]) > 100, "too little was planted"
    assert (told["failing"], told["passing"]) == (sum(otherwise.values()), len(otherwise) - sum(otherwise.values()))
    figures = f"{len(again)} pictures of {PRODUCTS} products, {len(otherwise)} judged otherwise, 0 told wrong; "
    figures += f"{seconds:.1f} s ({processor:.1f} s of processor), {megabytes:.0f} MB"
    assert processor < MOST_SECONDS, figures  # of processor time: what else the machine does is not its fault
    assert megabytes < MOST_MB, figures
    return figures


def _in_its_own_process(folder: Path) -> tuple[dict, float, float, float]:  # type: ignore[type-arg]
    """`packshot rules simulate --json` from start to end: what it told, seconds, processor seconds, highest memory in MB."""
    command = [sys.executable, "-m", "app.cli", "rules", "simulate", str(folder / "changed"), "--json"]
    environment = {**os.environ, "PACKSHOT_VAR": str(folder / "var"), "PACKSHOT_SECRET_KEY": "a secret key for proofs"}
    with (folder / "told.json").open("w") as out:
        begun = time.monotonic()
        process = subprocess.Popen(command, stdout=out, env=environment)
        most = 0.0
        while True:
            done, status, used = os.wait4(process.pid, os.WNOHANG)
            if done:
                break
            most = max(most, _high_water(process.pid))
            time.sleep(0.02)
        seconds = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"exit {process.returncode}"
    return json.loads((folder / "told.json").read_text()), seconds, used.ru_utime + used.ru_stime, most


def _high_water(pid: int) -> float:
    """MB that a process has held at most, from its own status: the usage that is told at its end counts its parent's at the fork too."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
