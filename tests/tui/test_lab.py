"""One lab in the app: its verbs by key, what they show, and that leaving it leaves it running."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs.making import lab_data, write_lab
from tests.labs.sitting import Learner, learner
from tests.tui.laboratory import lab_app, seated
from tests.tui.shell import LARGE, SIZES, SMALL, Desk, seen, settle, until
from tutor.labs import ending
from tutor.labs.engine.base import Obstacle
from tutor.tui.screens.dialogs import AskYes
from tutor.tui.screens.lab import LabScreen
from tutor.tui.screens.lab_page import LabPage
from tutor.tui.screens.labs import LabsScreen


@pytest.fixture
def ana(tmp_path: Path) -> Iterator[Learner]:
    """A learner who has the small lab, about queues, and has started nothing yet."""
    yield from learner(tmp_path / "lab", topic="queues")


def listened() -> None:
    """Sleep a little, and end when that is wished for, as sites do."""
    ending.sleep(0.01)


@pytest.mark.parametrize("size", SIZES)
async def test_a_lab_shows_its_incident_and_task_before_it_runs(
    studied: Desk, ana: Learner, size: tuple[int, int]
) -> None:
    """The incident is told whole, the first task is there, and one key starts it; nothing is offered that cannot be."""
    async with seated(studied, ana, size, start=False) as seat:
        await seat.sees("Since noon the answer of orders is wrong.")
        assert "Not running. Press s to start it." in seat.text and "Step 1 of 2: Mend the answer" in seat.text
        assert "s Start" in seat.text and "c Check" not in seat.text
        await seat.tab("map")
        assert "The lab does not run. Press s to start it." in seat.text


@pytest.mark.parametrize("size", SIZES)
async def test_starting_and_checking_by_key(studied: Desk, ana: Learner, size: tuple[int, int]) -> None:
    """A failed check shows expected, actual, why and the command; once mended it passes; all of it is recorded."""
    async with seated(studied, ana, size) as seat:
        await seat.sees("Running on docker")
        await seat.does("c")
        await seat.sees("✗ Orders answers 1 FAIL expected json.answer: 1 actual: 0")
        for words in ("Why it matters: Whoever asks orders", "See it yourself: curl -i", "✓ Products are listed pass"):
            assert words in seat.text
        ana.edit("ANSWER = 1\n")
        await seat.does("a")
        await seat.does("c")
        await seat.tab("task")
        await seat.sees("Step 2 of 2, 1 done: Leave a note")
    kinds = [event.kind for event in studied.coach.events if event.kind.startswith("lab-")]
    assert kinds == ["lab-started", "lab-checked", "lab-checked", "lab-step-passed"]


async def test_hints_stay_below_the_task(studied: Desk, ana: Learner) -> None:
    """Each key adds one; after the third the solution is named; they are there again after a new start of the app."""
    async with seated(studied, ana, LARGE) as seat:
        for words in ("Look at answer.py.", "ANSWER is wrong.", "Write ANSWER = 1."):
            await seat.does("h")
            await seat.sees(words)
        await seat.sees("The next help is the solution: o")
    async with seated(studied, ana, LARGE, start=False) as seat:
        await seat.press("1", "end")
        await seat.sees("Hint 3 of 3 Write ANSWER = 1.")


async def test_solution_and_skip_ask_first(studied: Desk, ana: Learner) -> None:
    """A no changes nothing; a yes shows the difference, or does the step."""
    async with seated(studied, ana, LARGE) as seat:
        await seat.press("o")
        assert isinstance(seat.app.screen, AskYes)
        await seat.press("n")
        assert "lab-solved" not in {event.kind for event in studied.coach.events}
        await seat.press("o", "y")
        await until(seat.pilot, lambda: isinstance(seat.app.screen, LabPage))
        await seat.sees("The answer was wrong; now it is right.")
        await seat.sees("+ANSWER = 1")
        await seat.press("escape")
        await seat.does("p", "y")
        await seat.does("c")
        await seat.sees("Step 2 of 2, 1 done")


async def test_the_last_step_opens_the_debrief(studied: Desk, ana: Learner) -> None:
    """When the lab is done, what to take along is shown, and its end is recorded."""
    async with seated(studied, ana, LARGE) as seat:
        for _ in range(2):
            await seat.does("p", "y")
            await seat.does("c")
        await until(seat.pilot, lambda: isinstance(seat.app.screen, LabPage))
        await seat.sees("The picture to keep What is asked is answered.")
    assert "lab-finished" in {event.kind for event in studied.coach.events}


async def test_reset_and_stop_ask_first(studied: Desk, ana: Learner) -> None:
    """A reset brings the start back and says where the files are; a stop leaves nothing running."""
    async with seated(studied, ana, LARGE) as seat:
        ana.edit("ANSWER = 7\n")
        await seat.does("R", "y")
        await seat.tab("news")
        await seat.sees("`small-lab` is as it was shipped. Your files as they were:")
        assert "ANSWER = 7" not in (ana.workspace / "services/orders/answer.py").read_text()
        await seat.press("S")
        assert isinstance(seat.app.screen, AskYes)
        await seat.does("y")
        await seat.sees("Not running.")
    assert ana.projects == {}


async def test_a_lab_is_started_in_place_of_the_one_that_runs(studied: Desk, ana: Learner) -> None:
    """That another one runs is said; `t` asks, stops that one, and goes on with its system."""
    write_lab(ana.folder / "labs", lab_data(id="the-other"))
    list(ana.session().start())
    projects = list(ana.projects)
    async with seated(studied, ana, LARGE, start=False, keys=("down", "enter")) as seat:
        assert seat.bench.session.lab.id == "the-other"
        await seat.sees("small-lab is running too; t takes it over.")
        await seat.press("t", "n")
        assert not seat.bench.running
        await seat.does("t", "y")
        await seat.until(lambda: seat.bench.running)
        await seat.press("t")
        assert isinstance(seat.app.screen, LabScreen)
    assert list(ana.projects) == projects
    assert not (ana.data / "small-lab" / "run.json").exists()


async def test_leaving_leaves_it_running_and_says_so(studied: Desk, ana: Learner) -> None:
    """Esc goes back to the list with the commands to find and to stop it; coming back finds what was known."""
    async with seated(studied, ana, SMALL) as seat:
        await seat.does("c")
        await seat.press("escape")
        assert isinstance(seat.app.screen, LabsScreen)
        assert "The lab goes on running:" in seat.text and "tutor lab stop small-lab" in seat.text
        assert len(ana.projects) == 1
        await seat.press("enter", "2")
        await seat.sees("✗ Orders answers 1 FAIL expected json.answer: 1 actual: 0")


async def test_verdicts_of_an_earlier_visit_are_shown(studied: Desk, ana: Learner) -> None:
    """An app that was started anew shows what each check came to, without its details."""
    async with seated(studied, ana, SMALL) as seat:
        await seat.does("c")
    async with seated(studied, ana, SMALL, start=False) as seat:
        await seat.press("2")
        await seat.sees("✗ Orders answers 1 FAIL")
        assert "actual: 0" not in seat.text


async def test_a_start_can_be_cancelled_and_leaves_nothing(studied: Desk, ana: Learner) -> None:
    """x ends a start that is at work; what it had begun is undone, and that is said."""
    async with seated(studied, ana, LARGE, start=False) as seat:
        seen_jobs: list[str] = []

        def cancel(part: str) -> None:
            seen_jobs.append(part)
            seat.app.call_from_thread(seat.bench.end)

        ana.world.on_start = cancel
        await seat.does("s")
        assert seen_jobs == ["gateway"]
        await seat.tab("news")
        await seat.sees("`start` was cancelled.")
        await seat.sees("Not running.")
    assert ana.projects == {} and not ana.site().file.path.exists()


async def test_watching_goes_on_until_it_is_ended(studied: Desk, ana: Learner) -> None:
    """w applies and checks on every save; another verb takes its place; w again ends it."""
    ana.on_sleep = listened
    async with seated(studied, ana, LARGE) as seat:
        await seat.press("w")
        await seat.sees("✗ Orders answers 1 FAIL")
        assert "watch" in seat.text and "w ends it" in seat.text
        ana.slept.clear()
        ana.edit("ANSWER = 1\n")
        await seat.sees("Step 2 of 2, 1 done")
        await seat.does("h")
        await seat.press("w")
        await seat.until(lambda: seat.bench.job is not None)
        await seat.does("w")
        await seat.tab("news")
        await seat.sees("Watching has ended.")


async def test_without_an_engine_there_is_a_sentence(studied: Desk, ana: Learner) -> None:
    """What is in the way and what to do about it stay on the screen; nothing ends the app."""
    ana.world.obstacles = [Obstacle("No Docker engine answers.", "Start Docker, then try again.")]
    async with seated(studied, ana, LARGE, start=False) as seat:
        await seat.does("s")
        await seat.sees("No Docker engine answers.")
        assert "Start Docker, then try again." in seat.text and "Traceback" not in seat.text
        assert "s Start" in seat.text


async def test_an_engine_that_dies_is_a_sentence_in_every_pane(studied: Desk, ana: Learner) -> None:
    """The panes and the state say that nobody answers; the app goes on."""
    async with seated(studied, ana, LARGE) as seat:
        ana.world.broken = "The engine is gone."
        for name in ("map", "logs", "traces", "queues"):
            await seat.tab(name)
            await seat.until(lambda: True)
        await seat.sees("The engine does not answer: The engine is gone.")
        await seat.does("c")
        assert "Traceback" not in seat.text
        ana.world.broken = ""


async def test_quitting_while_a_verb_is_at_work_asks(studied: Desk, ana: Learner) -> None:
    """A no stays; a yes cancels the verb first, so that nothing of it is left when the app has ended."""
    async with seated(studied, ana, LARGE, start=False) as seat:
        waiting = threading.Event()
        ana.world.on_start = lambda part: (waiting.wait(20), None)[1]
        await seat.press("s", "q")
        await seat.sees("Cancel `start` and leave?")
        await seat.press("n")
        assert seat.bench.job is not None and seat.app.is_running
        await seat.press("q", "y")
        waiting.set()
        await until(seat.pilot, lambda: not seat.app.is_running)
    assert ana.projects == {} and not ana.site().file.path.exists()


async def test_quitting_leaves_a_running_lab_running_and_says_so(studied: Desk, ana: Learner) -> None:
    """No question is asked; the commands are there after the app has ended."""
    async with seated(studied, ana, LARGE) as seat:
        await seat.pilot.press("q")
        await until(seat.pilot, lambda: not seat.app.is_running)
        assert "tutor lab stop small-lab" in str(seat.app._exit_renderables)
    assert len(ana.projects) == 1


async def test_the_list_opens_a_lab_and_the_palette_too(studied: Desk, ana: Learner) -> None:
    """A lab can be found by its name from anywhere."""
    studied.coach.lab_ids = frozenset({"small-lab"})
    app = lab_app(studied, ana)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        app.open_lab("small-lab")
        await until(pilot, lambda: "Mend the answer" in seen(app))
        assert "Mend the answer" in seen(app)
