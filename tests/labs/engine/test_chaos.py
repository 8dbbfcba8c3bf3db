"""`kill -9`, Ctrl-C, two at once, traffic, a dying engine: a real lab on real containers survives or leaves nothing."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.labs.engine.chaos import PATIENCE, VERDICTS, Sitting
from tests.labs.engine.wire import Wire
from tutor.labs.engine.endpoint import find

pytestmark = pytest.mark.docker

SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1_000_000))
"""CHAOS_SEED=... repeats the moments of an earlier run, as far as a machine repeats anything."""


@pytest.fixture
def sitting(tmp_path: Path) -> Iterator[Sitting]:
    """A learner who has started nothing yet; afterwards nothing is left, whatever the test came to."""
    made = Sitting(tmp_path)
    yield made
    made.run("stop", made.id)
    assert made.gone() == []


@pytest.fixture
def started(sitting: Sitting) -> Sitting:
    """A learner whose lab runs."""
    sitting.ok("start", sitting.id)
    return sitting


def test_ten_kills_leave_nothing_that_cannot_be_recovered(sitting: Sitting) -> None:
    """Whatever the tutor was doing: status answers, the next verb puts things right, and at the end nothing is left."""
    print(f"CHAOS_SEED={SEED}")  # noqa: T201  shown when it fails
    dice = random.Random(SEED)
    begun = time.monotonic()
    sitting.ok("start", sitting.id)
    whole = time.monotonic() - begun
    _kill_starts(sitting, dice, whole)
    _kill_checks(sitting, dice)
    _kill_stops(sitting, dice)
    sitting.ok("stop", sitting.id)
    assert sitting.gone() == []


def _kill_starts(sitting: Sitting, dice: random.Random, whole: float) -> None:
    """Four starts, from the first moments to nearly the end; after each, another verb is next."""
    sitting.ok("stop", sitting.id)
    for quarter, after in enumerate(("check", "stop", "start", "start")):
        sitting.killed(whole * (quarter + dice.random()) / 4, "start", sitting.id)
        assert sitting.status()["state"] in ("absent", "starting", "running")
        if after == "check":
            code, said = sitting.run("check", sitting.id)
            assert code in (2, 4) and f"tutor lab start {sitting.id}" in said
        if after == "stop":
            sitting.ok("stop", sitting.id)
            assert sitting.gone() == []
    sitting.ok("start", sitting.id)
    assert sitting.verdicts() == VERDICTS


def _kill_checks(sitting: Sitting, dice: random.Random) -> None:
    """Three checks, most of whose time a fault is in force, and a fault of the learner's own."""
    for third in range(3):
        sitting.killed(0.5 + 4.5 * (third + dice.random()) / 3, "check", sitting.id)
        assert sitting.status()["state"] == "running"
    assert sitting.verdicts() == VERDICTS
    sitting.killed(0.3 + dice.random(), "fault", "redis-hangs", "--lab", sitting.id)
    sitting.ok("fault", "--off", "--lab", sitting.id)
    status = sitting.status()
    assert (status["faults"], {one["state"] for one in status["parts"]}) == ([], {"running"})


def _kill_stops(sitting: Sitting, dice: random.Random) -> None:
    """Two stops; the first is followed by a start, which tidies up and begins anew."""
    for after in ("start", ""):
        sitting.killed(0.4 + 2 * dice.random(), "stop", sitting.id)
        assert sitting.status()["state"] in ("running", "stopping", "absent", "lost")
        if after:
            sitting.ok("start", sitting.id)
            assert sitting.verdicts() == VERDICTS


def test_ctrl_c_while_starting_rolls_back(sitting: Sitting) -> None:
    """It says so, with the exit code of an interruption, and nothing of it is left."""
    process = sitting.begin("start", sitting.id)
    _until_something_runs(sitting)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, "Interrupted" in said) == (130, True), said
    assert sitting.gone() == []


def test_a_second_start_at_the_same_time_is_refused_kindly(sitting: Sitting) -> None:
    """It names who is at work, disturbs nothing, and the first comes to its end."""
    first = sitting.begin("start", sitting.id)
    _until_something_runs(sitting)
    code, said = sitting.run("start", sitting.id)
    assert code == 4 and f"busy: `start` in process {first.pid}" in said, said
    out, err = first.communicate(timeout=PATIENCE)
    assert first.returncode == 0, out + err
    assert f"{sitting.id}: running on docker" in sitting.ok("status", sitting.id)


def _until_something_runs(sitting: Sitting) -> None:
    for _ in range(600):
        if any(one.startswith("container") for one in sitting.left()):
            return
        time.sleep(0.05)
    raise AssertionError("no container was ever made")


def test_checks_do_not_disturb_the_learners_own_traffic(started: Sitting) -> None:
    """Somebody shops on while everything is checked, faults included: no request is lost, and no verdict is another."""
    addresses = {one["name"]: one["url"] for one in started.status()["endpoints"]}
    statuses: list[int | str] = []
    done = threading.Event()

    def shop() -> None:
        with httpx.Client(base_url=addresses["gateway"], timeout=20, trust_env=False) as client:
            person = {"email": "shopper@learner.test", "password": "correct-horse-battery"}
            client.post("/api/users", json={**person, "name": "Shopper"}).raise_for_status()
            token = client.post("/api/auth/login", json=person).raise_for_status().json()["access_token"]
            while not done.wait(0.05):
                try:
                    statuses.append(
                        client.get("/api/users/me", headers={"Authorization": f"Bearer {token}"}).status_code
                    )
                except httpx.HTTPError as error:
                    statuses.append(repr(error))

    shopper = threading.Thread(target=shop)
    shopper.start()
    try:
        assert started.verdicts() == VERDICTS
    finally:
        done.set()
        shopper.join()
    assert len(statuses) > 20 and set(statuses) == {200}


def test_an_engine_that_dies_in_the_middle_is_said_and_nothing_is_lost(started: Sitting, tmp_path: Path) -> None:
    """The check under way blames nobody, each verb says that the engine is gone, and all goes on when it is back."""
    with Wire(tmp_path / "engine.sock", find().host) as wire:
        process = started.begin("check", started.id, "--json", host=wire.host)
        time.sleep(2)
        wire.cut()
        for check, verdict in started.verdicts_of(process).items():
            assert verdict in (VERDICTS[check], "error", "broken", "blocked")
        _refused(started, wire.host, "start")
        assert started.run("status", started.id, host=wire.host)[0] == 0
        wire.mend()
        assert started.verdicts(host=wire.host) == VERDICTS
        wire.cut()
        _refused(started, wire.host, "stop")
        wire.mend()
        assert started.run("stop", started.id, host=wire.host)[0] == 0
        assert started.gone() == []


def _refused(sitting: Sitting, host: str, verb: str) -> None:
    """The verb says that the engine does not answer."""
    code, said = sitting.run(verb, sitting.id, host=host)
    assert (code, "engine" in said.lower()) == (4, True), said


def test_what_compose_was_doing_ends_with_a_tutor_that_is_killed(sitting: Sitting) -> None:
    """A command that goes on by itself would make containers that nobody knows of."""
    process = sitting.begin("start", sitting.id)
    _until_something_runs(sitting)
    process.kill()
    process.communicate(timeout=60)
    for _ in range(200):
        if not [one for one in sitting.left() if " up " in one]:
            return
        time.sleep(0.05)
    raise AssertionError(f"still at work: {sitting.left()}")
