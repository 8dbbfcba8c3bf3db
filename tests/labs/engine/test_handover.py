"""One lab instead of another, on real containers: what is slow to boot goes on, and nothing is ever lost."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs.engine.chaos import CHAOS, VERDICTS, Sitting

pytestmark = pytest.mark.docker

SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1_000_000))
"""CHAOS_SEED=... repeats the moments of an earlier run."""

SECOND = "second-lab"


@pytest.fixture
def sitting(tmp_path: Path) -> Iterator[Sitting]:
    """A learner with two labs, the first of which runs; afterwards nothing is left of either."""
    made = Sitting(tmp_path)
    (made.labs / SECOND).mkdir()
    (made.labs / SECOND / "lab.yaml").write_text(json.dumps({**CHAOS, "id": SECOND}, indent=1), encoding="utf-8")
    made.ok("start", made.id)
    yield made
    for lab in (made.id, SECOND):
        made.run("stop", lab)
    assert made.gone() == []


def _database(sitting: Sitting) -> list[str]:
    return [one for one in sitting.left() if one.startswith("volume")]


def test_a_lab_takes_over_what_another_one_had(sitting: Sitting) -> None:
    """The same database goes on running, emptied: every check sees what it would after a cold start."""
    before = sitting.left()
    said = sitting.ok("start", SECOND, "--instead")
    assert re.search("still running: .*users-db", said) and f"`{sitting.id}` is stopped" in said
    assert set(before) & set(_database(sitting))
    assert json.loads(sitting.ok("status", SECOND, "--json").partition("\n")[2].strip())["state"] == "running"
    assert sitting.verdicts_of(sitting.begin("check", SECOND, "--json")) == VERDICTS
    assert sitting.status()["state"] == "absent"


def test_a_hand_over_that_is_killed_leaves_nothing_that_cannot_be_recovered(sitting: Sitting) -> None:
    """At whatever moment: the next start of either lab succeeds, and stopping both leaves nothing."""
    print(f"CHAOS_SEED={SEED}")  # noqa: T201  shown when it fails
    dice = random.Random(SEED)
    for half, after in enumerate((SECOND, "")):
        sitting.ok("start", sitting.id)
        sitting.killed(0.5 + 3 * (half + dice.random()), "start", SECOND, "--instead")
        if after:
            sitting.ok("start", after)
        for lab in (sitting.id, SECOND):
            sitting.ok("stop", lab)
        assert sitting.gone() == []
