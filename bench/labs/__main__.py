"""`python -m bench.labs [ROUNDS]`: how long a learner waits for the verbs of a lab, as ratios of paired runs here.

Prints a table and asserts nothing. Needs a Docker engine; fetches the images first, outside of what is measured.
Refuses to compare runs from different moments: each round does everything once, one thing after the other.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from bench.labs.learner import Learner
from bench.labs.system import System
from bench.pairs import Pair

ROUNDS = 3
LAB, BEFORE = "lost-event", "first-flight"
EDITED = "services/orders/placing.py"
STEPS = ("account", "order", "follow")
APPLY_AIM = 2.0
"""Seconds."""

_PAIRS = {
    "cold": ("`tutor lab start`, against `docker compose up -d --wait` of the same parts", 1.0),
    "second": (f"`tutor lab start --instead` while another lab runs ({BEFORE}), against a cold start", 0.25),
    "reset": ("`tutor lab reset`, against a cold start", 0.25),
    "stop": ("`tutor lab stop`, against `docker compose down -v` of the same parts", 1.0),
    "check": (f"check of a solved lab ({BEFORE}), every step, against the sum of its probes' own times", 1.2),
}


def main() -> None:
    """Every round, then the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    ours: dict[str, list[float]] = defaultdict(list)
    theirs: dict[str, list[float]] = defaultdict(list)
    applied: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        learner, system = Learner(Path(folder)), System(LAB)
        learner.tutor("pull", LAB, BEFORE)
        for number in range(1, rounds + 1):
            print(f"(round {number} of {rounds})", file=sys.stderr, flush=True)
            with learner.nothing_left(), system.nothing_left():
                _round(learner, system, ours, theirs, applied)
    print("| what | ours | compared with | ratio | aim | runs |\n|---|---|---|---|---|---|")
    for name, (what, aim) in _PAIRS.items():
        print(Pair(what, tuple(ours[name]), tuple(theirs[name]), aim).row())
    print(Pair("`tutor lab apply` after an edit of one line, against 2 s", tuple(applied), (APPLY_AIM,), 1.0).row())


def _round(
    learner: Learner, system: System, ours: dict[str, list[float]], theirs: dict[str, list[float]], applied: list[float]
) -> None:
    theirs["cold"].append(system.up())
    theirs["stop"].append(system.down())
    cold = learner.tutor("start", LAB)
    applied.append(learner.applied(LAB, EDITED))
    ours["stop"].append(learner.tutor("stop", LAB))
    learner.tutor("start", BEFORE)
    for step in STEPS:
        learner.tutor("skip", BEFORE, "--step", step)
    whole, probes = learner.checked(BEFORE)
    ours["second"].append(learner.tutor("start", LAB, "--instead"))
    ours["reset"].append(learner.tutor("reset", LAB))
    learner.tutor("stop", LAB)
    ours["cold"].append(cold)
    theirs["second"].append(cold)
    theirs["reset"].append(cold)
    ours["check"].append(whole)
    theirs["check"].append(probes)


if __name__ == "__main__":
    main()
