"""`python -m imaging.training COMMAND`: everything that makes the cut-out net, from its first training picture to the file that ships.

Each command is a module with `add_arguments(parser)` and `run(args) -> int`. It is imported only when it is called: Blender, torch and
OpenCV live in environments of their own, and none is needed for another's command.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

COMMANDS = {
    "render": "path-traced scenes with exact alpha (needs bpy)",
    "draw": "two-dimensional foregrounds with exact alpha (needs cv2)",
    "label": "masks for real photographs (needs cv2)",
    "train": "the cut-out net (needs torch)",
    "export": "ONNX, manifest and model card from a training run (needs torch)",
    "evaluate": "scores of a model by stratum, with a sheet of its worst pictures",
    "ablate": "what each step after the net is worth",
    "calibrate": "confidence: how often a person would reject a cut-out",
    "mean": "the mean of several models' weights (needs torch)",
    "weigh": "what float32, float16 and int8 cost and save (needs onnx)",
    "finetune": "a candidate model from a seller's own pairs (needs torch)",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="python -m imaging.training", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="; ".join(f"{name}: {about}" for name, about in COMMANDS.items()))
    name = parser.parse_args(words[:1]).command
    module = importlib.import_module(f"imaging.training.{name}")
    own = argparse.ArgumentParser(prog=f"python -m imaging.training {name}", description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    module.add_arguments(own)
    return int(module.run(own.parse_args(words[1:])))


if __name__ == "__main__":
    sys.exit(main())
