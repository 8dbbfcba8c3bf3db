"""Watching looks again when a file is saved and when the system changes, and keeps out of the learner's way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.labs.sitting import Learner, learner, only, said
from tutor.errors import UsageError
from tutor.labs.news import Applied, Checked, News, StepPassed
from tutor.labs.run import lock
from tutor.labs.watching import GLANCE, POLL


@pytest.fixture
def ana(tmp_path: Path) -> Iterator[Learner]:
    """A learner who has just started the lab."""
    for made in learner(tmp_path):
        list(made.session().start())
        yield made


def _meanwhile(ana: Learner, *steps: Callable[[], object]) -> None:
    """Do one of these at each moment in which the watch sleeps long enough to look at the system again."""
    waiting, idle = list(steps), [0.0]

    def next_() -> None:
        idle[0] += POLL
        if idle[0] > 2 * GLANCE and waiting:
            idle[0] = 0.0
            waiting.pop(0)()

    ana.on_sleep = next_


def test_a_save_is_applied_and_looked_at_until_the_lab_is_done(ana: Learner) -> None:
    """First as it is; then what is saved; then what was changed at the system, which nobody reports."""
    _meanwhile(
        ana,
        lambda: ana.edit("ANSWER = 7\n"),
        lambda: ana.edit("ANSWER = 1\n"),
        lambda: ana.project.shop.database.notes.update(done="mended"),
    )
    told = list(ana.session().watch())
    assert [type(one) for one in told if isinstance(one, Checked | Applied | StepPassed)] == [
        Checked, Applied, Checked, Applied, Checked, StepPassed, Checked, Checked, StepPassed,
    ]  # fmt: skip
    assert told[-1] == StepPassed("note", "")


def test_a_file_that_is_still_being_written_is_waited_for(ana: Learner) -> None:
    """One look at it that finds no further change ends the waiting."""
    saves = iter(["ANSWER = ", "ANSWER = 1 +", "ANSWER = 1"])

    def save() -> None:
        if (text := next(saves, None)) is not None:
            ana.edit(f"{text}\n")

    ana.on_sleep = save
    stream = ana.session().watch()
    assert [one for one in _until(stream, Applied) if isinstance(one, Applied)]
    assert (ana.workspace / "services/orders/answer.py").read_text() == "ANSWER = 1\n"
    stream.close()  # type: ignore[attr-defined]


def test_a_file_saved_without_a_change_is_no_reason(ana: Learner) -> None:
    """Editors save often; nothing is restarted for it."""
    moments = [0]

    def save() -> None:
        moments[0] += 1
        ana.edit("ANSWER = 0\n")
        if moments[0] > 30:
            ana.edit("ANSWER = 1\n")
            ana.on_sleep = lambda: None

    ana.on_sleep = save
    told = list(_until(ana.session().watch(), Applied))
    assert len(only(Checked, iter(told))) == 1


def test_edits_made_before_are_applied_at_once(ana: Learner) -> None:
    """Whoever starts to watch wants to see the work as it is."""
    ana.edit("ANSWER = 1\n")
    told = list(_until(ana.session().watch(), StepPassed))
    assert [type(one) for one in told if isinstance(one, Applied | Checked | StepPassed)] == [
        Applied,
        Checked,
        StepPassed,
    ]


def test_with_a_fault_of_the_learner_in_force_the_checks_wait(ana: Learner) -> None:
    """It is said once; when the fault is off, they go on."""
    ana.edit("ANSWER = 1\n")
    list(ana.session().fault_on("redis-dead"))
    _meanwhile(ana, lambda: list(ana.session().fault_off()))
    told = list(_until(ana.session().watch(), StepPassed))
    kinds = [type(one).__name__ for one in told if type(one).__name__ in ("Said", "Applied", "Checked")]
    assert kinds == ["Applied", "Said", "Checked"]
    assert "tutor lab fault off" in said(iter(told))


def test_another_verb_is_waited_for(ana: Learner) -> None:
    """A glance is left out, a check waits; neither fails because somebody else works on the lab."""
    stream = ana.session().watch()
    list(_until(stream, Checked))
    held = lock(ana.data / "small-lab.lock", "reset")

    def hold() -> None:
        held.__enter__()
        _meanwhile(ana, lambda: held.__exit__(None, None, None), lambda: ana.edit("ANSWER = 1\n"))

    _meanwhile(ana, hold)
    assert only(StepPassed, _until(stream, StepPassed))
    stream.close()  # type: ignore[attr-defined]


def test_it_ends_with_a_sentence_when_the_lab_is_stopped(ana: Learner) -> None:
    """In another window."""
    _meanwhile(ana, lambda: list(ana.session().stop()))
    with pytest.raises(UsageError, match="is not running"):
        list(ana.session().watch())


def _until(stream: Iterator[News], kind: type) -> Iterator[News]:
    """What is told up to the first of this kind."""
    for told in stream:
        yield told
        if isinstance(told, kind):
            return
