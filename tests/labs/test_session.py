"""A learner's hour: start, edit, apply, check, hints, solution, reset, stop; each verb as a new process would do it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.labs.engine.inmemory import MemoryEngine, World
from tests.labs.making import lab_data, write_files
from tests.labs.sitting import ANSWER, Learner, learner, only, said
from tutor.errors import MachineError, UsageError
from tutor.labs.checking import check
from tutor.labs.engine.base import Action, LogLine, Obstacle, Progress
from tutor.labs.news import (
    Applied,
    Briefed,
    Checked,
    Died,
    Faulted,
    Hinted,
    Misspelt,
    Performed,
    Reported,
    ResetDone,
    SolutionShown,
    StepPassed,
    Stopped,
)
from tutor.labs.run import RunFile, lock
from tutor.labs.session import Session

STEPS = ("orders-answers", "shop-is-open", "answers-when-slow")


@pytest.fixture
def ana(tmp_path: Path) -> Iterator[Learner]:
    """A learner who has started nothing yet."""
    yield from learner(tmp_path)


@pytest.fixture
def started(ana: Learner) -> Learner:
    """A learner who has just started the lab."""
    list(ana.session().start())
    return ana


def test_start_brings_up_the_system_and_tells_where_everything_is(ana: Learner) -> None:
    """Progress first, the briefing last; the workspace holds the start, and a file for shells."""
    told = list(ana.session().start())
    assert [one.text for one in only(Progress, iter(told))] == ["gateway", "users", "orders", "redis"]
    briefed = told[-1]
    assert isinstance(briefed, Briefed)
    assert (briefed.fresh, briefed.workspace) == (True, ana.workspace)
    by_name = {one.name: one for one in briefed.endpoints}
    assert by_name["gateway"].url.startswith("http://127.0.0.1:")
    assert by_name["account customer"].user.endswith("@lab.test")
    assert (ana.workspace / ANSWER).read_text() == "ANSWER = 0\n"
    env = (ana.workspace / "endpoints.env").read_text()
    assert f"GATEWAY={by_name['gateway'].url}\n" in env
    assert (ana.workspace / "endpoints.env").stat().st_mode & 0o077 == 0
    # The token of a curl line in a verdict: a comment, since it would be out of date; taken as it stands, it logs in.
    [login] = [line.removeprefix("# ") for line in env.splitlines() if line.startswith("# CUSTOMER_TOKEN=$(curl")]
    words = shlex.split(login.removeprefix("CUSTOMER_TOKEN=$("))
    assert words[:3] == ["curl", "-s", "$GATEWAY/api/auth/login"]
    assert json.loads(words[words.index("-d") + 1]) == {"email": "$CUSTOMER_EMAIL", "password": "$CUSTOMER_PASSWORD"}
    assert ana.run().state == "running"


def test_a_running_lab_stays_on_its_engine(started: Learner) -> None:
    """Another one that is asked for meanwhile is not passed over in silence; its own needs no word."""
    assert "It runs on docker, and goes on there." in said(started.session().start("local"))
    assert "goes on there" not in said(started.session().start("docker"))
    assert started.run().engine == "docker"


def test_checks_fail_as_shipped_and_pass_when_it_is_mended(started: Learner) -> None:
    """The step is passed once, and the next one becomes the current one."""
    session = started.session()
    assert started.verdicts(session.check()) == dict(zip(STEPS, ("fail", "pass", "blocked"), strict=True))
    started.edit("ANSWER = 1\n")
    told = list(session.apply())
    assert only(Applied, iter(told)) == [Applied((ANSWER,), ("orders",))]
    told = list(started.session().check())
    assert started.verdicts(iter(told)) == dict.fromkeys(STEPS, "pass")
    assert told[-1] == StepPassed("mend", "note")
    assert [(one.fault, one.on) for one in only(Faulted, iter(told))] == [("orders-slow", True), ("orders-slow", False)]
    assert started.run().steps == ("mend",)
    assert only(StepPassed, session.check("mend")) == []
    [checked] = only(Checked, session.check())
    assert checked.step.step == "note"


def test_edits_that_the_system_has_not_read_are_said(started: Learner) -> None:
    """Or a learner who forgot `apply` would believe that their work is wrong."""
    started.edit("ANSWER = 1\n")
    assert "tutor lab apply" in said(started.session().check())
    assert started.session().status().unapplied == (ANSWER,)


def test_apply_restarts_only_what_changed(started: Learner) -> None:
    """And nothing when nothing has."""
    before = {part: one.started for part, [one] in started.project.facts.items()}
    assert only(Applied, started.session().apply()) == [Applied((), ())]
    started.edit("routes: [a]\n", "config/gateway/routes.yaml")
    [applied] = only(Applied, started.session().apply())
    assert applied == Applied(("config/gateway/routes.yaml",), ("gateway",))
    after = {part: one.started for part, [one] in started.project.facts.items()}
    assert {part for part in after if after[part] != before[part]} == {"gateway"}


def test_a_syntax_error_is_said_before_and_by_the_service_itself(started: Learner) -> None:
    """With file and line, by `apply` and by the checks: a failure of the work, never a timeout."""
    started.edit("ANSWER = (\n")
    told = list(started.session().apply())
    [misspelt] = only(Misspelt, iter(told))
    assert (misspelt.problem.file.name, misspelt.problem.line) == ("answer.py", 1)
    [died] = only(Died, iter(told))
    assert (died.part, f"{ANSWER}:1: SyntaxError" in died.sentence) == ("orders", True)
    [checked] = only(Checked, started.session().check())
    report = checked.step.checks[0]
    assert (report.verdict, f"{ANSWER}:1: SyntaxError" in report.note) == ("fail", True)
    started.edit("ANSWER = 1\n")
    list(started.session().apply())
    assert set(started.verdicts(started.session().check()).values()) == {"pass"}


def test_configuration_that_a_part_does_not_take_is_said(started: Learner) -> None:
    """It runs on with what it had, and would otherwise keep that to itself."""
    session = started.session()
    engine: Any = session.site.engines["docker"]
    apply = engine.apply

    def reloading(running: Any, parts: Any) -> Iterator[Progress]:
        yield from apply(running, parts)
        words = "level=error err=/etc/gateway/routes.yaml:3: is not a setting"
        started.project.lines.append(LogLine("gateway", "gateway-1", started.world.now(), words))

    engine.apply = reloading
    started.edit("routes: [b]\n", "config/gateway/routes.yaml")
    told = list(session.apply())
    assert "gateway goes on with the configuration it had: config/gateway/routes.yaml:3:" in said(iter(told))
    assert only(Died, iter(told)) == []


def test_an_engine_that_gives_up_on_broken_code_is_no_failure_of_ours(started: Learner) -> None:
    """What the service says comes first; without it the engine's sentence stands."""
    session = started.session()
    engine: Any = session.site.engines["docker"]
    apply = engine.apply

    def impatient(running: Any, parts: Any) -> Iterator[Progress]:
        yield from apply(running, parts)
        raise MachineError("orders does not get ready.")

    engine.apply = impatient
    started.edit("ANSWER = (\n")
    assert [one.part for one in only(Died, session.apply())] == ["orders"]
    started.edit("ANSWER = 1\n")
    with pytest.raises(MachineError, match="does not get ready"):
        list(session.apply())


def test_hints_go_from_a_nudge_to_nearly_the_solution_and_are_remembered(started: Learner) -> None:
    """Also by the next process; the last one is given again."""
    given = [hinted for _ in range(4) for hinted in only(Hinted, started.session().hint())]
    assert [(one.level, one.more) for one in given] == [(1, True), (2, True), (3, False), (3, False)]
    assert given[0].text == "Look at answer.py."
    assert started.run().hints == {"mend": 3}


def test_the_hint_for_the_actual_state_comes_first_and_once(tmp_path: Path) -> None:
    """What the system shows now is worth more than a prepared nudge."""
    steps = lab_data()["steps"]
    steps[0]["checks"][0]["hint_if"] = [{"when": {"json": {"answer": 0}}, "say": "It answers 0."}]
    for ana in learner(tmp_path, steps=steps):
        list(ana.session().start())
        given = [hinted for _ in range(2) for hinted in only(Hinted, ana.session().hint())]
        assert [(one.level, one.text) for one in given] == [(0, "It answers 0."), (1, "Look at answer.py.")]


def test_the_solution_shows_what_it_changes_and_is_remembered(started: Learner) -> None:
    """As a difference to the learner's own file; requests are told in words."""
    [shown] = only(SolutionShown, started.session().solution())
    [(name, difference)] = shown.differences
    assert name == ANSWER
    assert "-ANSWER = 0" in difference
    assert "+ANSWER = 1" in difference
    [other] = only(SolutionShown, started.session().solution("note"))
    assert other.actions == ("PUT /api/notes/done at gateway as customer",)
    assert started.run().revealed == ("mend", "note")
    started.edit("ANSWER = 1\n")
    list(started.session().apply())
    assert list(started.session().check())[-1] == StepPassed("mend", "note", revealed=True)


def test_a_workspace_of_an_older_version_of_the_lab_is_brought_up_to_date(started: Learner) -> None:
    """What was edited is kept and named, with what to do if it does not fit any more."""
    started.edit("ANSWER = 5\n")
    list(started.session().stop())
    site = started.site()
    start = site.found.folder / "start"
    write_files(start, {ANSWER: "ANSWER = 3\n", "services/orders/more.py": "MORE = 1\n"})
    told = said(Session(site).start())
    assert f"The lab has changed since you edited {ANSWER}, which is kept" in told
    assert (started.workspace / ANSWER).read_text() == "ANSWER = 5\n"
    assert (started.workspace / "services/orders/more.py").read_text() == "MORE = 1\n"


def test_some_of_a_step_says_nothing_about_the_whole(started: Learner) -> None:
    """Only what was asked for is told; the step is not done by it."""
    list(started.session().skip())
    told = list(check(started.site(), "mend", only=frozenset({"orders-answers"})))
    assert started.verdicts(iter(told)) == {"orders-answers": "pass"}
    assert only(StepPassed, iter(told)) == []
    assert started.run().passed == ("orders-answers",)


def test_what_some_of_a_step_needs_is_looked_at_anew(started: Learner) -> None:
    """That it passed before says nothing about now."""
    list(started.session().skip())
    assert set(started.verdicts(started.session().check()).values()) == {"pass"}
    started.edit("ANSWER = 0\n")
    list(started.session().apply())
    told = check(started.site(), "mend", only=frozenset({"answers-when-slow"}))
    assert started.verdicts(told) == {"answers-when-slow": "blocked"}


def test_skip_does_the_step_and_the_checks_say_so(started: Learner) -> None:
    """Files are copied and applied, requests sent; it is remembered which steps were skipped."""
    assert [type(one) for one in started.session().skip() if isinstance(one, Performed | Applied)] == [
        Performed,
        Applied,
    ]
    assert set(started.verdicts(started.session().check()).values()) == {"pass"}
    list(started.session().skip())
    told = list(started.session().check())
    assert told[-1] == StepPassed("note", "", skipped=True)
    assert started.run().skipped == ("mend", "note")


def test_all_steps_can_be_looked_at_at_once(started: Learner) -> None:
    """One report for each."""
    assert [one.step.step for one in only(Checked, started.session().check(every=True))] == ["mend", "note"]


def test_findings_are_taken_and_judged_at_once(tmp_path: Path) -> None:
    """Only for checks that ask for one."""
    steps = lab_data()["steps"]
    asking = {"id": "which", "title": "Which?", "why": "Diagnosis.", "kind": "input", "prompt": "Which service?"}
    steps[1]["checks"].append({**asking, "expect": {"answer": "orders"}})
    for ana in learner(tmp_path, steps=steps):
        list(ana.session().start())
        for answer, verdict in (("users", "fail"), (" Orders. ", "pass")):
            [reported] = only(Reported, ana.session().find("which", answer))
            assert reported.report.verdict == verdict
        assert ana.run().found == {"which": " Orders. "}
        with pytest.raises(UsageError, match="which"):
            list(ana.session().find("orders-answers", "x"))


def test_faults_of_the_learner_stay_until_they_are_undone(started: Learner) -> None:
    """They are lifted while checks run, or right work would fail, and come back."""
    started.edit("ANSWER = 1\n")
    list(started.session().apply())
    told = list(started.session().fault_on("redis-dead"))
    assert told == [Faulted("redis-dead", "Redis is killed", True)]
    assert started.project.facts["redis"][0].state == "exited"
    told = list(started.session().check())
    assert set(started.verdicts(iter(told)).values()) == {"pass"}
    assert "`redis-dead` is lifted" in said(iter(told))
    assert "`redis-dead` is in force again" in said(iter(told))
    assert started.project.facts["redis"][0].state == "exited"
    assert [entry.fault for entry in started.session().faults()] == ["redis-dead"]
    assert list(started.session().fault_off()) == [Faulted("redis-dead", "Redis is killed", False)]
    assert started.session().faults() == ()


def test_reset_brings_back_the_start_and_keeps_a_copy(started: Learner) -> None:
    """Files, data, findings, steps: as if it had just begun, except for the hints that were taken."""
    list(started.session().skip())
    list(started.session().check())
    list(started.session().hint())
    list(started.session().skip("note"))
    [done] = only(ResetDone, started.session().reset())
    assert done.backup is not None
    assert (done.backup / ANSWER).read_text() == "ANSWER = 1\n"
    run = started.run()
    assert (run.steps, run.passed, run.captured, run.state) == ((), (), {}, "running")
    assert run.hints == {"note": 1}
    assert started.project.shop.database.notes == {}
    assert started.verdicts(started.session().check())["orders-answers"] == "fail"


def test_stop_leaves_nothing_but_edits(started: Learner) -> None:
    """An untouched workspace goes, one with edits stays and is found again by the next start."""
    [stopped] = only(Stopped, started.session().stop())
    assert stopped.workspace is None
    assert (started.projects, list(started.data.iterdir())) == ({}, [])
    list(started.session().start())
    started.edit("ANSWER = 1\n")
    [stopped] = only(Stopped, started.session().stop())
    assert stopped.workspace == started.workspace
    assert sorted(path.name for path in started.data.rglob("*") if path.is_file() and "small" not in path.name) == [
        ".tutor-lab.json", "__init__.py", "answer.py", "more.py", "routes.yaml",
    ]  # fmt: skip
    told = list(started.session().start())
    assert "1 file differs" in said(iter(told))
    assert set(started.verdicts(started.session().check()).values()) == {"pass"}


def test_stop_of_what_does_not_run_is_no_error(ana: Learner) -> None:
    """The learner wanted nothing to run, and nothing does."""
    assert [one.workspace for one in only(Stopped, ana.session().stop())] == [None]


def test_the_workspace_can_be_anywhere(ana: Learner, tmp_path: Path) -> None:
    """Where the learner's editor likes it; what is there already is not touched."""
    list(ana.session().start(workspace=tmp_path / "mine"))
    assert (tmp_path / "mine" / ANSWER).is_file()
    assert ana.run().workspace == tmp_path / "mine"
    list(ana.session().stop())
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "one.txt").write_text("")
    with pytest.raises(UsageError, match="not empty"):
        list(ana.session().start(workspace=tmp_path / "thesis"))
    assert ana.projects == {}


def test_status_says_how_everything_stands(started: Learner) -> None:
    """Parts, files, faults, steps with the help they took."""
    started.edit("ANSWER = 3\n")
    list(started.session().hint())
    status = started.session().status()
    assert (status.state, status.engine, status.current) == ("running", "docker", "mend")
    assert {one.part for one in status.parts} == {"gateway", "users", "orders", "redis"}
    assert (status.edited, status.trouble) == ((ANSWER,), ())
    assert [(one.id, one.done, one.hints) for one in status.steps] == [("mend", False, 1), ("note", False, 0)]


def test_status_quotes_the_last_words_of_what_has_ended(started: Learner) -> None:
    """Of its own accord, that is: what a fault has ended is no trouble."""
    list(started.session().fault_on("redis-dead"))
    assert started.session().status().trouble == ()
    _, running = started.site().run()
    started.site().engine("docker").act(running, Action("kill", "orders"))
    [said] = started.session().status().trouble
    first, last = said.splitlines()
    assert first == "orders-1 has ended with code 137. Its log ends:"
    assert last.endswith(" orders-1: starting")


def test_logs_are_the_newest_lines(started: Learner) -> None:
    """Of one part or all; an unknown part is a usage error."""
    assert [line.text for line in started.session().logs(["orders"])] == ["starting"]
    assert {line.part for line in started.session().logs()} == {"gateway", "users", "orders", "redis"}
    assert len(list(started.session().logs(lines=2))) == 2
    with pytest.raises(UsageError, match="no part `billing`"):
        list(started.session().logs(["billing"]))


def test_logs_can_be_followed(started: Learner) -> None:
    """New lines come once, in order, as long as somebody reads."""
    stream = started.session().logs(["orders"], follow=True)
    assert next(stream).text == "starting"

    def restart() -> None:
        started.on_sleep = lambda: None
        list(started.session().skip())

    started.on_sleep = restart
    assert next(stream).text == "starting"


def test_verbs_on_what_does_not_run_say_how_to_start_it(ana: Learner) -> None:
    """Each of them."""
    session = ana.session()
    for verb in (
        session.check,
        session.apply,
        session.hint,
        session.solution,
        session.skip,
        session.reset,
        session.watch,
    ):
        with pytest.raises(UsageError, match="tutor lab start small-lab"):
            list(verb())
    assert session.status().state == "absent"


def test_an_unknown_step_is_a_usage_error(started: Learner) -> None:
    """With the names of those that there are."""
    with pytest.raises(UsageError, match="mend, note"):
        list(started.session().check("nowhere"))


def test_obstacles_are_said_and_fatal_ones_stop_it(ana: Learner) -> None:
    """Each with what to do; nothing was made."""
    ana.world.obstacles = [Obstacle("Memory is short.", "Close something.", fatal=False)]
    told = list(ana.session().start())
    assert only(Obstacle, iter(told)) == ana.world.obstacles
    list(ana.session().stop())
    ana.world.obstacles = [Obstacle("No engine answers.", "Start Docker."), Obstacle("No disk.", "Make room.")]
    with pytest.raises(MachineError) as raised:
        list(ana.session().start())
    assert "No engine answers." in raised.value.message
    assert "No disk." in raised.value.message
    assert raised.value.hint == "Start Docker.\nMake room."
    assert (ana.projects, ana.data.exists() and list(ana.data.iterdir())) == ({}, [])


def test_an_engine_that_the_lab_does_not_support_is_refused_with_the_reason(ana: Learner) -> None:
    """As the lab says it; so is a machine that has none that it supports."""
    with pytest.raises(UsageError, match="about containers"):
        list(ana.session().start(engine="local"))
    session = ana.session()
    session.site.engines = {}
    with pytest.raises(MachineError, match="runs on docker"):
        list(session.start())


def test_two_verbs_at_once_are_refused_kindly(started: Learner) -> None:
    """Reading is always possible."""
    with lock(started.data / "small-lab.lock", "reset"):
        for verb in (started.session().start, started.session().check, started.session().apply):
            with pytest.raises(MachineError, match="`reset` in process"):
                list(verb())
        assert started.session().status().state == "running"
        assert only(Hinted, started.session().hint())
    assert RunFile(started.data / "small-lab").read() is not None


def test_what_changed_since_the_start_is_compared_with_the_start(tmp_path: Path) -> None:
    """It is looked at when the lab starts, and again after a reset; what cannot be seen then is said."""
    steps = lab_data()["steps"]
    steps[0]["checks"][0]["expect"] = {"json": {"answer": {"delta": 1}}}
    steps[1]["checks"][0] |= {"path": "/api/notes/none", "expect": {"json": {"count": {"delta": 1}}}, "part": "redis"}
    for ana in learner(tmp_path, steps=steps):
        told = list(ana.session().start())
        assert "Nothing could be seen for a later comparison: note-is-left" in said(iter(told))
        assert ana.run().baseline == {"orders-answers": {"json": {"answer": 0}}}
        ana.edit("ANSWER = 1\n")
        list(ana.session().apply())
        assert ana.verdicts(ana.session().check())["orders-answers"] == "pass"
        list(ana.session().reset())
        assert ana.run().baseline == {"orders-answers": {"json": {"answer": 0}}}


def test_a_stranger_may_run_no_code_here(tmp_path: Path) -> None:
    """A lab from elsewhere with code of its own is refused until it is trusted; so is its code without containers."""
    steps = lab_data()["steps"]
    script = {"id": "own-code", "title": "Own code", "why": "None.", "kind": "script", "function": "probes:look"}
    for ana in learner(tmp_path, steps=[*steps[:1], {**steps[1], "checks": [{**script, "expect": {"result": 1}}]}]):
        session = ana.session()
        session.site.found = replace(session.site.found, trusted=False)
        with pytest.raises(UsageError, match="checks own-code of `small-lab` run code"):
            list(session.start())
        session.site.found = replace(session.site.found, trusted=True)
        assert only(Briefed, session.start())
    system = {**lab_data()["system"], "engines": ["docker", "local"]}
    for bob in learner(tmp_path / "bob", system=system):
        session = bob.session()
        session.site.engines = {"local": session.site.engines["docker"]}
        session.site.found = replace(session.site.found, trusted=False)
        with pytest.raises(UsageError, match="would run it as you"):
            list(session.start())
        assert bob.projects == {}


def test_the_engine_that_can_start_it_is_chosen_and_the_other_is_explained(tmp_path: Path) -> None:
    """The preferred one first; why it is not the one is said."""
    system = {**lab_data()["system"], "engines": ["docker", "local"]}
    for ana in learner(tmp_path, system=system):
        session = ana.session()
        unable: Any = MemoryEngine(World(tmp_path, obstacles=[Obstacle("No engine answers.", "Start Docker.")]))
        able: Any = session.site.engines["docker"]
        able.name = "local"
        session.site.engines = {"docker": unable, "local": able}
        told = list(session.start())
        assert "Engine: local. (docker: No engine answers.)" in said(iter(told))
        list(session.stop())
