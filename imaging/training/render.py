"""Random training scenes, path-traced: `python -m imaging.training.render --data DIR --start N --count M`.

Writes `DIR/scenes/<seed // 1000>/<seed>.png` (picture and exact alpha) and `.json` (what it shows). Resumable: files that are there are skipped.
A child process does the work and is replaced every `--chunk` frames, after a crash, or when one frame takes too long; a seed that failed is
written to `DIR/scenes/failed.txt` and not tried again. Needs `bpy` (see README.md beside this file).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from PIL import Image

from imaging.training.scenes import VERSION, describe

LONGEST_FRAME_S = 600  # of processor time, which a starved background process may take hours to get


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--data", type=Path, required=True, help="folder of the training data; scenes go to DIR/scenes")
    parser.add_argument("--start", type=int, default=0, help="first seed; 900000 and up are for validation")
    parser.add_argument("--count", type=int, default=100, help="how many seeds")
    parser.add_argument("--stride", type=int, default=1, help="step between seeds, so that several processes share a range")
    parser.add_argument("--width", type=int, default=0, help="long side in pixels; 0: as the seed says")
    parser.add_argument("--samples", type=int, default=4, help="paths per pixel")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clutter", type=Path, default=None, help="folder of .jpg pictures for walls, floors and mirrored rooms")
    parser.add_argument("--chunk", type=int, default=100, help="frames until the working process is replaced")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)


def path_of(data: Path, seed: int) -> Path:
    """Where the picture of a seed lies."""
    return data / "scenes" / f"{seed // 1000:03d}" / f"{seed:06d}.png"


def wanted(args: argparse.Namespace) -> list[int]:
    """The seeds asked for that are neither there nor known to fail."""
    log = args.data / "scenes" / "failed.txt"
    failed = {int(line.split()[0]) for line in log.read_text().splitlines() if line.strip() and f" v{VERSION} " in line} if log.exists() else set()
    seeds = range(args.start, args.start + args.count * args.stride, args.stride)
    return [seed for seed in seeds if seed not in failed and not path_of(args.data, seed).exists()]


def one(args: argparse.Namespace, seed: int, pictures: list[Path]) -> None:
    """Renders a seed and puts its files in place, the picture last and whole."""
    from dataclasses import replace

    from imaging.training import stage

    scene = describe(seed)
    if args.width:
        k = args.width / max(scene.size)
        scene = replace(scene, size=(round(scene.size[0] * k / 4) * 4, round(scene.size[1] * k / 4) * 4))
    picture, entry = stage.photograph(scene, args.samples, args.threads, pictures)
    path = path_of(args.data, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".json").write_text(json.dumps(entry) + "\n")
    half = path.with_suffix(f".{os.getpid()}.part")
    Image.fromarray(picture, "RGBA").save(half, "PNG", compress_level=6)
    half.replace(path)


def work(args: argparse.Namespace) -> int:
    """The child: renders up to a chunk of seeds, saying "begin SEED" before each and "done SEED" after."""
    pictures = sorted(args.clutter.glob("*.jpg")) if args.clutter else []
    if args.threads == 1:
        # Blender's idle helper threads spin when they are starved; on one core there are none
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[args.start % len(os.sched_getaffinity(0))]})
    for seed in wanted(args)[: args.chunk]:
        print(f"begin {seed}", flush=True)
        began = time.monotonic()
        try:
            one(args, seed, pictures)
        except Exception as error:  # one bad scene must not stop the night's work; it is logged by the parent
            print(f"failed {seed} {type(error).__name__}: {error}".replace("\n", " "), flush=True)
        else:
            print(f"done {seed} {time.monotonic() - began:.1f}", flush=True)
    return 0


def run(args: argparse.Namespace) -> int:
    """Renders all that is wanted; 0 when nothing is left."""
    if args.worker:
        return work(args)
    log = args.data / "scenes" / "failed.txt"
    log.parent.mkdir(parents=True, exist_ok=True)
    left = len(wanted(args))
    done, began = 0, time.monotonic()
    command = [sys.executable, "-m", "imaging.training.render", "--worker", *_again(args)]
    while left > 0:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # noqa: S603 (our own command line)
        assert child.stdout is not None
        current, progress = "", False
        watch = Watchdog(child)
        for line in child.stdout:
            word, _, rest = line.strip().partition(" ")
            if word not in ("begin", "done", "failed"):
                continue
            watch.restart()
            progress = True
            current = rest if word == "begin" else ""
            if word == "failed":
                _fail(log, rest)
            if word == "done":
                done += 1
                if done % 10 == 0:
                    print(f"{done} frames, {done / (time.monotonic() - began) * 3600:.0f} an hour, last {rest} s", flush=True)
        watch.stop()
        code = child.wait()
        if current:
            _fail(log, f"{current} crashed with code {code}")
        if not progress:
            print(f"The rendering process ended with code {code} before its first frame. Run it with --worker to see why.", file=sys.stderr)
            return 1
        left = len(wanted(args))
    print(f"{done} frames in {(time.monotonic() - began) / 60:.1f} min", flush=True)
    return 0


class Watchdog(threading.Thread):
    """Kills a child that has used more than LONGEST_FRAME_S of processor time since the last `restart`. Where /proc is missing it does nothing."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        super().__init__(daemon=True)
        self._child, self._over = child, threading.Event()
        self._since = self._used()
        self.start()

    def _used(self) -> float:
        try:
            words = Path(f"/proc/{self._child.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(words[11]) + int(words[12])) / float(os.sysconf("SC_CLK_TCK"))

    def restart(self) -> None:
        """A frame was begun or ended."""
        self._since = self._used()

    def stop(self) -> None:
        """The child is done."""
        self._over.set()

    def run(self) -> None:
        """Looks twice a minute."""
        while not self._over.wait(30):
            if self._used() - self._since > LONGEST_FRAME_S:
                self._child.kill()
                return


def _fail(log: Path, words: str) -> None:
    seed, _, why = words.partition(" ")
    with log.open("a") as file:
        file.write(f"{seed} v{VERSION} {why}\n")
    print(f"seed {seed}: {why}", file=sys.stderr, flush=True)


def _again(args: argparse.Namespace) -> list[str]:
    words = [f"--{name}={getattr(args, name)}" for name in ("data", "start", "count", "stride", "width", "samples", "threads", "chunk")]
    return [*words, f"--clutter={args.clutter}"] if args.clutter else words


def main() -> int:
    """Reads the command line and renders."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
