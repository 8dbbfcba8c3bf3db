"""What a look comes to: five verdicts, time, needs, captures, hints. Nothing here knows an engine or a kind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pytest

from tests.labs.evaluating import Doors, Room, Switches
from tests.labs.memory import Loud, scripted, sequence
from tutor.labs.check import CannotLook, Observation
from tutor.labs.evaluate import evaluate
from tutor.labs.news import Faulted, Looked, Reported, Started
from tutor.labs.reach import Reach
from tutor.labs.verdict import Verdict

SOON = {"within": "2s", "every": "10ms"}
BRIEFLY = {"for": "80ms", "every": "10ms"}


def test_a_look_that_matches_passes_and_one_that_does_not_fails() -> None:
    """A failure shows what was expected and what was seen, the command, and why it matters."""
    room = Room().answers(right=sequence(1), wrong=sequence(2))
    reports = room.reports(scripted("right"), scripted("wrong", why="Money."))
    assert reports["right"].verdict is Verdict.PASS
    assert reports["wrong"].verdict is Verdict.FAIL
    [mismatch] = reports["wrong"].mismatches
    assert (mismatch.path, mismatch.expected, mismatch.actual) == ("value", "1", "2")
    assert (reports["wrong"].why, reports["wrong"].command) == ("Money.", "see wrong")


def test_what_happens_is_told_in_order() -> None:
    """Each check is started, looked at, reported; the report of the step comes last."""
    told = Room().answers(a=sequence(1)).news(scripted("a"))
    assert [type(one).__name__ for one in told] == ["Started", "Looked", "Reported", "Checked"]


def test_who_cannot_look_does_not_blame() -> None:
    """A closed port, an answer that is garbage and a bug of a kind are errors, never failures."""
    room = Room().answers(closed=sequence(CannotLook("no answer", "orders")), buggy=sequence(KeyError("x")))
    reports = room.reports(scripted("closed"), scripted("buggy"))
    assert {report.verdict for report in reports.values()} == {Verdict.ERROR}
    assert "no answer" in reports["closed"].note
    assert "KeyError" in reports["buggy"].note


def test_a_look_that_hangs_is_an_error() -> None:
    """Its own time is bounded, and running out of it says nothing about the learner."""
    room = Room().answers(slow=lambda _reach: asyncio.sleep(60))
    report = room.reports(scripted("slow", slow=0.05))["slow"]
    assert report.verdict is Verdict.ERROR
    assert "nothing came back within 0.05 s" in report.note


def test_eventually_waits_for_it_and_ends_with_the_first_true_look() -> None:
    """Looks that fail, or see nothing, are forgotten when a later one holds."""
    room = Room().answers(later=sequence(0, CannotLook("starting"), 1, 0))
    report = room.reports(scripted("later", eventually=SOON))["later"]
    assert (report.verdict, report.looks) == (Verdict.PASS, 3)


def test_eventually_fails_when_time_is_up() -> None:
    """The last look is what is shown, and how long was looked is said."""
    room = Room().answers(never=sequence(0))
    report = room.reports(scripted("never", eventually={"within": "60ms", "every": "10ms"}))["never"]
    assert report.verdict is Verdict.FAIL
    assert report.looks > 1
    assert "not within 60ms" in report.note


def test_consistently_has_to_hold_at_each_look() -> None:
    """One look that does not hold is enough to fail, and one that sees nothing to be an error."""
    room = Room().answers(steady=sequence(1), flaky=sequence(1, 1, 0, 1), blind=sequence(1, CannotLook("gone")))
    checks = [scripted(id_, consistently=BRIEFLY) for id_ in ("steady", "flaky", "blind")]
    assert room.verdicts(*checks) == {"steady": Verdict.PASS, "flaky": Verdict.FAIL, "blind": Verdict.ERROR}


def test_never_fails_at_the_first_look_at_which_it_is_so() -> None:
    """What must not be, and was, is shown."""
    room = Room().answers(clean=sequence(0), dirty=sequence(0, 0, 1, 0))
    reports = room.reports(scripted("clean", never=BRIEFLY), scripted("dirty", never=BRIEFLY))
    assert reports["clean"].verdict is Verdict.PASS
    assert (reports["dirty"].verdict, reports["dirty"].looks) == (Verdict.FAIL, 3)
    assert reports["dirty"].mismatches[0].expected == "not 1"


def test_stop_if_ends_the_waiting() -> None:
    """In a state from which it cannot come true any more nothing is waited for."""
    room = Room().answers(lost=sequence(0, 9))
    report = room.reports(scripted("lost", eventually={"within": "10m"}, stop_if={"value": 9}))["lost"]
    assert (report.verdict, report.looks) == (Verdict.FAIL, 2)
    assert "cannot come true" in report.note


def test_a_single_look_ignores_time() -> None:
    """`once` is for watching: whatever a check would wait for, it is looked at a single time."""
    room = Room().answers(a=sequence(0, 1), b=sequence(0), c=sequence(1))
    checks = [
        scripted("a", eventually={"within": "10m"}),
        scripted("b", never={"for": "10m"}),
        scripted("c", consistently={"for": "10m"}),
    ]
    reports = room.reports(*checks, once=True)
    assert [report.looks for report in reports.values()] == [1, 1, 1]
    assert [report.verdict for report in reports.values()] == [Verdict.FAIL, Verdict.PASS, Verdict.PASS]


def test_a_check_whose_need_did_not_pass_is_blocked() -> None:
    """It is not looked at, nor is what needs it; what was needed is named."""
    room = Room().answers(first=sequence(0))
    reports = room.reports(scripted("first"), scripted("second", needs=["first"]), scripted("third", needs=["second"]))
    assert [report.verdict for report in reports.values()] == [Verdict.FAIL, Verdict.BLOCKED, Verdict.BLOCKED]
    assert "`second`" in reports["third"].note
    assert reports["third"].looks == 0


def test_needs_of_other_steps_count_when_they_passed_before() -> None:
    """What passed before may be needed; what did not, or is not known, blocks."""
    room = Room(passed=frozenset({"before"})).answers(a=sequence(1))
    checks = scripted("a", needs=["before"]), scripted("b", needs=["unknown"])
    assert room.verdicts(*checks) == {"a": Verdict.PASS, "b": Verdict.BLOCKED}


def test_captures_are_there_for_later_checks() -> None:
    """A captured value fills `${name}` of a check that needs the one that captured it, also in what it expects."""
    room = Room().answers(make=sequence(1), use=lambda reach: reach.filled("${number}"))
    make = scripted("make", capture={"number": "$.value"})
    reports = room.reports(make, scripted("use", needs=["make"], expect={"value": "${number}"}))
    assert reports["use"].verdict is Verdict.PASS
    assert reports["make"].captured == {"number": 1}


def test_a_capture_that_is_not_there_fails_its_check() -> None:
    """Otherwise those that need it would fail for a reason that nobody sees."""
    room = Room().answers(make=lambda _reach: Observation({"value": 1}))
    report = room.reports(scripted("make", capture={"id": "other.id"}))["make"]
    assert report.verdict is Verdict.FAIL
    assert "${id}" in report.mismatches[0].expected


def test_an_unknown_variable_is_an_error() -> None:
    """It is ours or the author's, not the learner's."""
    room = Room().answers(a=sequence(1))
    report = room.reports(scripted("a", expect={"value": "${nothing}"}))["a"]
    assert (report.verdict, "${nothing}" in report.note) == (Verdict.ERROR, True)


def test_a_change_since_the_start_is_told_from_the_start() -> None:
    """`delta` compares with what was seen then; without that nothing can be said."""
    check = scripted("grown", expect={"value": {"delta": {"ge": 2}}})
    answers = {"grown": sequence(5)}
    assert Room(baseline={"grown": {"value": 3}}).answers(**answers).verdicts(check) == {"grown": Verdict.PASS}
    assert Room(baseline={"grown": {"value": 4}}).answers(**answers).verdicts(check) == {"grown": Verdict.FAIL}
    assert Room().answers(**answers).verdicts(check) == {"grown": Verdict.ERROR}


def test_the_hint_fits_the_state() -> None:
    """The first hint whose state is the actual one is given, and none when nothing failed."""
    hints = [{"when": {"value": 2}, "say": "Two."}, {"when": {"value": {"gt": 1}}, "say": "Many."}]
    for value, said in ((2, "Two."), (7, "Many."), (0, ""), (1, "")):
        report = Room().answers(a=sequence(value)).reports(scripted("a", hint_if=hints))["a"]
        assert report.hint == said


def test_a_failure_collects_what_it_asks_for() -> None:
    """Log lines are laid beside it; what cannot be collected is said, and changes no verdict."""
    room = Room().answers(a=sequence(0), b=sequence(0))
    room.parts.says("orders", "one", "two", "three")
    collect = {"collect": [{"logs": "orders", "lines": 2}]}
    shown = room.reports(scripted("a", on_fail=collect))["a"].evidence[0].text
    assert [line.split(": ")[1] for line in shown.splitlines()] == ["two", "three"]


def test_a_failure_brings_the_trace_that_it_caused() -> None:
    """By the id that the look came back with; when it cannot be had, that is said and the verdict stands."""
    room = Room().answers(a=lambda _reach: Observation({"value": 0}, trace="abc"), b=sequence(0))
    collect = {"collect": [{"trace": "last"}]}

    async def traces(_reach: Reach, id_: str) -> str:
        assert id_ == "abc"
        return "gateway > orders"

    room.traces = traces
    reports = room.reports(scripted("a", on_fail=collect), scripted("b", on_fail=collect))
    assert [one.text for one in reports["a"].evidence] == ["gateway > orders"]
    assert reports["b"].evidence == ()

    async def none(_reach: Reach, _id: str) -> str:
        raise CannotLook("jaeger is gone")

    room.traces = none
    report = room.reports(scripted("a", on_fail=collect))["a"]
    assert (report.verdict, "jaeger is gone" in report.evidence[0].text) == (Verdict.FAIL, True)


def test_secrets_are_not_shown() -> None:
    """What was seen may hold the token that it was seen with."""
    room = Room().answers(a=sequence("Bearer token-of-customer"))
    report = room.reports(scripted("a", as_="customer"))["a"]
    assert "token-of-customer" not in report.mismatches[0].actual
    assert "$CUSTOMER_TOKEN" in report.mismatches[0].actual


def test_checks_run_together_and_acts_one_at_a_time() -> None:
    """Two that wait for each other's start both pass; two acts never overlap; a loud one is alone."""
    room, started, inside = Room(), {"a": asyncio.Event(), "b": asyncio.Event()}, [0]

    def meet(own: str, other: str) -> Any:
        async def look(_reach: Reach) -> int:
            started[own].set()
            await asyncio.wait_for(started[other].wait(), 5)
            return 1

        return look

    async def alone(_reach: Reach) -> int:
        inside[0] += 1
        await asyncio.sleep(0.02)
        inside[0] -= 1
        return 1 + inside[0]

    room.answers(a=meet("a", "b"), b=meet("b", "a"), x=alone, y=alone, loud=alone)
    acts = scripted("x", act=True), scripted("y", act=True)
    assert set(room.verdicts(scripted("a"), scripted("b"), *acts, scripted("loud", Loud)).values()) == {Verdict.PASS}


def test_accounts_log_in_once_and_only_those_that_are_used() -> None:
    """A login that fails is an error of the checks that need it."""
    room = Room().answers(a=lambda reach: int(reach.variables["customer.token"] == "token-of-customer"), b=sequence(1))
    checks = scripted("a", as_="customer"), scripted("b", as_="customer"), scripted("c")
    room.answers(c=sequence(1))
    assert set(room.verdicts(*checks).values()) == {Verdict.PASS}
    assert room.doors.logged_in == ["customer"]
    closed = Room(doors=Doors(closed=True)).answers(a=sequence(1), c=sequence(1))
    reports = closed.reports(checks[0], checks[2])
    assert [report.verdict for report in reports.values()] == [Verdict.ERROR, Verdict.PASS]
    assert "customer could not log in" in reports["a"].note


def test_faults_are_in_force_for_their_group_alone() -> None:
    """Checks without faults come first; each group has its own; everything is undone, and told."""
    room = Room()
    seen: dict[str, list[str]] = {}

    def note(id_: str) -> Any:
        def look(_reach: Reach) -> int:
            seen[id_] = list(room.switch.in_force)
            return 1

        return look

    room.answers(**{id_: note(id_) for id_ in ("hurt", "plain", "both", "again")})
    checks = (
        scripted("hurt", under=["slow"]),
        scripted("plain"),
        scripted("both", under=["slow", "dead"]),
        scripted("again", under=["slow"]),
    )
    told = room.news(*checks)
    assert seen == {"plain": [], "hurt": ["slow"], "again": ["slow"], "both": ["slow", "dead"]}
    assert room.switch.calls == ["inject slow", "undo", "inject slow dead", "undo"]
    assert [(one.fault, one.on) for one in told if isinstance(one, Faulted)] == [
        ("slow", True), ("slow", False), ("slow", True), ("dead", True), ("dead", False), ("slow", False),
    ]  # fmt: skip


def test_nothing_is_hurt_for_checks_that_are_blocked() -> None:
    """A group that cannot be looked at injects nothing."""
    room = Room().answers(first=sequence(0))
    verdicts = room.verdicts(scripted("first"), scripted("hurt", under=["slow"], needs=["first"]))
    assert (verdicts["hurt"], room.switch.calls) == (Verdict.BLOCKED, [])


def test_a_fault_that_cannot_be_injected_is_an_error_and_is_undone() -> None:
    """What was half done is undone all the same."""
    room = Room(switch=Switches(jammed="inject")).answers(hurt=sequence(1))
    report = room.reports(scripted("hurt", under=["slow"]))["hurt"]
    assert (report.verdict, room.switch.calls) == (Verdict.ERROR, ["inject slow", "undo"])
    assert "could not be injected" in report.note


def test_a_fault_that_cannot_be_undone_breaks_what_comes_after() -> None:
    """Nothing that was seen from then on could be believed."""
    room = Room(switch=Switches(jammed="undo")).answers(a=sequence(1), b=sequence(1))
    verdicts = room.verdicts(scripted("a", under=["slow"]), scripted("b", under=["dead"]))
    assert verdicts == {"a": Verdict.PASS, "b": Verdict.BROKEN}


@pytest.mark.parametrize("when", [Started, Faulted, Looked, Reported])
def test_closing_it_undoes_the_faults(when: type) -> None:
    """Whenever the learner interrupts, nothing that hurts is left in force, and no look goes on."""
    room = Room().answers(hurt=sequence(0), other=sequence(1))
    checks = scripted("hurt", under=["slow"], eventually={"within": "5m"}), scripted("other", under=["slow"])
    stream: Any = evaluate("step", checks, room.around())
    with closing(stream):
        for one in stream:
            if isinstance(one, when):
                break
    assert room.switch.in_force == []
    assert room.switch.calls[-1] == "undo"


def test_a_fault_that_is_being_injected_when_it_is_closed_is_undone() -> None:
    """The undoing waits for the injecting: both at once would leave the fault in force."""
    room = Room().answers(plain=sequence(1), hurt=sequence(1))
    entered, release = threading.Event(), threading.Event()
    inject = room.switch.inject

    def slowly(faults: Sequence[str]) -> list[Faulted]:
        entered.set()
        release.wait(10)
        return inject(faults)

    room.switch.inject = slowly  # type: ignore[method-assign]
    stream: Any = evaluate("step", [scripted("plain"), scripted("hurt", under=["slow"])], room.around())
    while not isinstance(next(stream), Reported):
        pass
    entered.wait(10)
    threading.Timer(0.05, release.set).start()
    stream.close()
    assert room.switch.calls == ["inject slow", "undo"]
    assert room.switch.in_force == []


def test_points_and_the_probes_own_time_are_kept() -> None:
    """A report knows its points, whether it is required, and how long the looks themselves took."""
    room = Room().answers(a=lambda _reach: asyncio.sleep(0.02, 1))
    report = room.reports(scripted("a", points=3, required=False))["a"]
    assert (report.points, report.required) == (3, False)
    assert 0 < report.probe_seconds <= report.seconds + 0.001
