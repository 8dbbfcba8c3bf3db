"""Who is to blame: the learner, a damaged environment, or the tutor. Killing what a lab needs is never a failure."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.labs.evaluating import Room, Switches
from tests.labs.memory import START, Parts, Written, scripted, sequence
from tutor.labs.blame import blame
from tutor.labs.check import CannotLook
from tutor.labs.engine.base import LogLine, Mount
from tutor.labs.reach import Reach
from tutor.labs.verdict import CheckReport, Verdict

TRACEBACK = """Traceback (most recent call last):
  File "/usr/lib/python3.13/runpy.py", line 198, in _run_module_as_main
    return _run_code(code, main_globals)
  File "/app/orders/__main__.py", line 3, in <module>
    from orders.app import build
  File "/app/orders/placing.py", line 12, in <module>
    TOTAL = price * amount
NameError: name 'price' is not defined""".splitlines()

SYNTAX = """  File "/app/orders/placing.py", line 7
    def place(
             ^
SyntaxError: '(' was never closed""".splitlines()

DOWN: list[dict[str, Any]] = [
    {"state": "exited", "exit_code": 137},
    {"state": "paused"},
    {"state": "restarting"},
    {"state": "exited", "oom_killed": True},
    {"inspect": {"networks": []}},
]


def _code(tmp_path: Path, part: str = "orders") -> Mount:
    return Mount(part, tmp_path / "services" / "orders", "code", "orders")


@pytest.mark.parametrize("look", [sequence(0), sequence(CannotLook("503", "gateway"))], ids=["failed", "blind"])
@pytest.mark.parametrize("changes", DOWN, ids=lambda change: "-".join(map(str, change.values())))
def test_a_part_that_is_down_is_broken_and_never_a_failure(changes: dict[str, Any], look: Any) -> None:
    """Whichever part the look went to: with orders gone, what the gateway answers says nothing about the learner."""
    room = Room().answers(a=look)
    room.parts.change("orders", **changes)
    report = room.reports(scripted("a", part="gateway"))["a"]
    assert report.verdict is Verdict.BROKEN
    assert "orders" in report.note
    assert "tutor lab reset" in report.note


def test_a_tool_that_runs_and_does_not_answer_is_broken(tmp_path: Path) -> None:
    """A full disk, a cable that was pulled; a service that is not ready may be what the learner has to mend."""
    for deaf, verdict in (("redis", Verdict.BROKEN), ("orders", Verdict.FAIL)):
        room = Room(parts=Parts.running("gateway", "orders", "redis"), deaf={deaf}).answers(a=sequence(0))
        assert room.verdicts(scripted("a")) == {"a": verdict}
    fault = Room(parts=Parts.running("redis"), deaf={"redis"}, switch=Switches({"cut": {"redis"}}))
    assert fault.answers(a=sequence(0)).verdicts(scripted("a", under=["cut"])) == {"a": Verdict.FAIL}


def test_a_part_whose_container_was_removed_is_broken() -> None:
    """Also when nothing is left that could be asked."""
    room = Room().answers(a=sequence(0))
    room.parts.facts_of["orders"] = []
    assert "orders is gone" in room.reports(scripted("a"))["a"].note


def test_one_instance_of_several_may_be_down() -> None:
    """As long as another one works, what the system does about it is the learner's business."""
    room = Room().answers(a=sequence(0))
    [one] = room.parts.facts_of["orders"]
    room.parts.facts_of["orders"] = [one, replace(one, instance="orders-2", state="exited")]
    assert room.verdicts(scripted("a")) == {"a": Verdict.FAIL}


def test_what_passes_needs_no_healthy_system() -> None:
    """A lab may ask for something to be stopped."""
    room = Room().answers(a=sequence(1))
    room.parts.change("orders", state="exited")
    assert room.verdicts(scripted("a")) == {"a": Verdict.PASS}


def test_what_reads_only_files_does_not_look_at_the_system() -> None:
    """What the learner wrote is wrong or right whether or not the system runs."""
    room = Room().answers(a=sequence(0))
    room.parts.change("orders", state="exited")
    assert room.verdicts(scripted("a", Written)) == {"a": Verdict.FAIL}


def test_a_part_that_still_starts_is_an_error() -> None:
    """Waiting mends it; a reset would be bad advice."""
    room = Room(deaf={"orders"}).answers(a=sequence(CannotLook("refused", "orders")))
    room.parts.change("orders", health="starting")
    report = room.reports(scripted("a"))["a"]
    assert report.verdict is Verdict.ERROR
    assert "still starting" in report.note


@pytest.mark.parametrize("restarts", [False, True])
def test_a_part_that_answered_before_a_fault_does_not_still_start(restarts: bool) -> None:
    """An engine that has not looked at its health itself takes it for starting again; one that was started anew does
    start.
    """

    def taken_away(_reach: Reach) -> int:
        room.deaf.add("orders")
        room.parts.change("orders", health="starting")
        if restarts:
            room.parts.restart("orders")
        return 0

    room = Room(switch=Switches({"hang": {"users"}})).answers(a=taken_away)
    wanted = Verdict.ERROR if restarts else Verdict.FAIL
    assert room.verdicts(scripted("a", under=["hang"])) == {"a": wanted}


@pytest.mark.parametrize("health", ["starting", "unhealthy"])
def test_what_the_engine_thinks_of_the_health_of_a_part_that_answers_is_old(health: str) -> None:
    """It looks every few seconds; the failure is what was seen a moment ago."""
    room = Room().answers(a=sequence(0))
    room.parts.change("orders", health=health)
    assert room.verdicts(scripted("a")) == {"a": Verdict.FAIL}


def test_a_part_that_was_restarted_meanwhile_is_an_error() -> None:
    """Somebody killed it while we looked, and it came back: look again."""
    room = Room()

    async def restart(_reach: Reach) -> int:
        await asyncio.sleep(0.05)
        room.parts.restart("orders")
        return 0

    report = room.answers(a=restart).reports(scripted("a"))["a"]
    assert report.verdict is Verdict.ERROR
    assert "restarted while" in report.note


def test_an_engine_that_does_not_answer_is_an_error() -> None:
    """Then nobody knows whether the system is whole."""
    room = Room().answers(a=sequence(0))
    room.parts.silent = True
    report = room.reports(scripted("a"))["a"]
    assert report.verdict is Verdict.ERROR
    assert "no engine answers here" in report.note


@pytest.mark.parametrize("look", [sequence(0), sequence(CannotLook("refused", "orders"))], ids=["failed", "blind"])
@pytest.mark.parametrize("words", [TRACEBACK, SYNTAX], ids=["traceback", "syntax"])
def test_a_part_that_died_of_the_learners_file_is_a_failure(words: list[str], look: Any, tmp_path: Path) -> None:
    """The service's own error is the verdict, with file and line in the workspace."""
    room = Room(mounts=(_code(tmp_path),)).answers(a=look)
    room.parts.change("orders", state="restarting")
    room.parts.says("orders", "starting", *words)
    report = room.reports(scripted("a"))["a"]
    assert report.verdict is Verdict.FAIL
    assert "services/orders/placing.py:" in report.note
    assert words[-1] in report.note
    assert words[-1] in report.evidence[0].text


def test_a_part_that_was_killed_is_not_blamed_on_an_error_it_lived_through(tmp_path: Path) -> None:
    """A traceback far from the end of the log is not what it died of."""
    room = Room(mounts=(_code(tmp_path),)).answers(a=sequence(0))
    room.parts.change("orders", state="exited", exit_code=137)
    room.parts.says("orders", *TRACEBACK, *(f"request {number}" for number in range(40)))
    assert room.verdicts(scripted("a")) == {"a": Verdict.BROKEN}


def test_a_part_that_is_not_the_learners_comes_first(tmp_path: Path) -> None:
    """With the database gone, what edited code says about it while it dies is no failure of the learner."""
    room = Room(mounts=(_code(tmp_path),)).answers(a=sequence(0))
    room.parts.change("users", state="exited")
    room.parts.change("orders", state="restarting")
    room.parts.says("orders", *TRACEBACK)
    report = room.reports(scripted("a"))["a"]
    assert (report.verdict, "users has stopped" in report.note) == (Verdict.BROKEN, True)


def test_what_a_fault_of_the_lab_hurts_is_not_damage() -> None:
    """Under a fault that stops orders, a failed check is a failure, and a look at orders is our own mistake."""
    room = Room(switch=Switches({"dead": {"orders"}}))

    def stopped(reach: Reach) -> Any:
        room.parts.change("orders", state="exited")
        if "b" in asked:
            raise CannotLook("refused", "orders")
        return 0

    asked: list[str] = []
    assert room.answers(a=stopped).verdicts(scripted("a", under=["dead"])) == {"a": Verdict.FAIL}
    asked.append("b")
    report = room.answers(b=stopped).reports(scripted("b", under=["dead"]))["b"]
    assert (report.verdict, "hurts orders" in report.note) == (Verdict.ERROR, True)


def test_once_a_fault_is_undone_its_part_counts_again() -> None:
    """A part that somebody kills after that is damage like any other."""
    room = Room(switch=Switches({"dead": {"orders"}}))

    def kill(_reach: Reach) -> int:
        room.parts.change("orders", state="exited")
        return 0

    room.answers(a=sequence(1), b=kill)
    checks = scripted("a", under=["dead"]), scripted("b", under=["slow"])
    assert room.verdicts(*checks) == {"a": Verdict.PASS, "b": Verdict.BROKEN}


def test_the_blame_is_found_in_json_and_in_folders_of_this_machine(tmp_path: Path) -> None:
    """Services log exceptions as a field of a JSON object, and plain processes run from the workspace itself."""
    mount = _code(tmp_path)
    text = "\n".join(SYNTAX).replace("/app/orders", str(mount.source))
    line = LogLine("orders", "orders-1", START, "{...}", {"message": "failed", "exception": text})
    found = blame([line], [mount])
    assert found is not None
    assert str(found) == "services/orders/placing.py:7: SyntaxError: '(' was never closed"
    assert found.text.splitlines()[0] == "failed"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("/etc/gateway/routes.yaml:14: upstreams.orders: is not a setting", "upstreams.orders: is not a setting"),
        ('err="parsing YAML file /etc/gateway/routes.yaml: yaml: line 14: no expected key"', "no expected key"),
        ("gateway.routes_file.BadRoutes: routes.yaml:14", "gateway.routes_file.BadRoutes: routes.yaml:14"),
    ],
)
def test_the_blame_is_found_for_configuration(said: str, words: str, tmp_path: Path) -> None:
    """Whichever way a part names a file and its line; the place is not said twice."""
    source = tmp_path / "config" / "gateway"
    source.mkdir(parents=True)
    (source / "routes.yaml").write_text("a: 1\n")
    lines = [LogLine("gateway", "gateway-1", START, said), LogLine("gateway", "gateway-1", START, "bye")]
    found = blame(lines, [Mount("gateway", source, "config", "gateway")])
    assert found is not None
    assert (found.file, found.line, found.sentence) == ("config/gateway/routes.yaml", 14, words)


def test_nothing_is_blamed_that_the_log_does_not_name(tmp_path: Path) -> None:
    """An error elsewhere, or a file of the learner without one, is no reason."""
    mount = _code(tmp_path)
    texts = [["ConnectionError: refused"], ['  File "/app/orders/x.py", line 3'], [*SYNTAX[:-1], "next request"]]
    texts.append([*(line.replace("/app/orders", "/app/chassis") for line in TRACEBACK)])
    for text in texts:
        lines = [LogLine("orders", "orders-1", START + timedelta(seconds=at), one) for at, one in enumerate(text)]
        assert blame(lines, [mount]) is None


def test_the_environment_is_looked_at_once_for_failures_at_the_same_time() -> None:
    """Ten failures cost little more than one, and none is judged by what was seen before its look."""
    room, asked = Room(), list[str]()
    facts = room.parts.facts

    def counted(part: str) -> Any:
        asked.append(part)
        return facts(part)

    room.parts.facts = counted  # type: ignore[method-assign]
    checks = [scripted(f"c{number}") for number in range(8)]
    room.answers(**{check.id: sequence(0) for check in checks})
    reports: dict[str, CheckReport] = room.reports(*checks)
    assert {report.verdict for report in reports.values()} == {Verdict.FAIL}
    assert len(asked) <= 4 * 3
