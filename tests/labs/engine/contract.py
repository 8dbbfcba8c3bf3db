"""What every engine does, verb by verb. A test class of an engine subclasses `EngineContract` and gives the fixture.

    class TestMemory(EngineContract):
        @pytest.fixture
        def bench(self, tmp_path): yield Bench(engine=..., again=..., plan=..., edit=..., sees=..., breaks=...)

The plan starts at least two parts, one of them with two instances.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from tutor.errors import MachineError
from tutor.labs.engine.base import PORTS, ROLLBACK, Action, Engine, PartFacts, Plan, Progress, Running

PATIENCE = 60.0
"""Seconds until a state that was asked for has to be seen."""

NAME = "tutor-contract-0badcafe"
OTHER = "tutor-contract-0ddba115"


@dataclass
class Bench:
    """An engine to be tested, and what the contract cannot know of it.

    `again` makes another engine object, as a new process would. `edit` changes the file of `edited` that is mounted,
    `sees` says whether the running part has read that change, `breaks` makes the same file impossible to run.
    """

    engine: Engine
    again: Callable[[], Engine]
    plan: Plan
    edited: str
    several: str
    """A part with two instances."""
    bystander: str
    """A part that nothing is done to."""
    edit: Callable[[], object]
    sees: Callable[[Running], bool]
    breaks: Callable[[], object]
    registers: Callable[[Running], bool]
    """Registers the same customer each time; whether the system had not known that one before."""
    refuses: tuple[str, ...] = ()
    """What the engine cannot do to a part; it says so, and changes nothing."""

    def up(self, project: str = NAME) -> Running:
        """Start it."""
        *progress, running = self.engine.up(self.plan, project)
        assert progress and all(isinstance(one, Progress) for one in progress)
        assert isinstance(running, Running)
        return running

    def renewed(self, plan: Plan) -> Running:
        """Start it anew, for this plan."""
        *progress, running = self.engine.renew(plan, NAME)
        assert progress and all(isinstance(one, Progress) for one in progress)
        assert isinstance(running, Running)
        return running

    def facts(self, running: Running, part: str) -> list[PartFacts]:
        """What is known of a part."""
        found: list[PartFacts] = self.engine.inspector(running).facts(part)
        return found

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until it holds."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, "it never came to that"
            time.sleep(0.05)

    def until_state(self, running: Running, part: str, *states: str) -> None:
        """Wait until all instances are in one of these states."""
        self.until(lambda: {one.state for one in self.facts(running, part)} <= set(states))

    def until_well(self, running: Running, part: str) -> None:
        """Wait until the engine says so too: it may answer before the engine has looked."""
        self.until(lambda: all(_well(one) for one in self.facts(running, part)))

    def clean_up(self) -> None:
        """Remove whatever a test has left."""
        for project in (NAME, OTHER):
            for _ in self.engine.down(project):
                pass


class EngineContract:
    """The contract."""

    @pytest.fixture
    def bench(self) -> Any:
        """Given by the engine's own class."""
        raise NotImplementedError

    def test_nothing_stands_in_the_way_here(self, bench: Bench) -> None:
        """On a machine that runs these tests the plan can start."""
        assert [one for one in bench.engine.obstacles(bench.plan) if one.fatal] == []

    def test_up_starts_every_part_and_tells_where_it_is(self, bench: Bench) -> None:
        """Each part is healthy, as often as was asked for, and each of its ports is reached from here."""
        running = bench.up()
        assert (running.engine, running.project, running.plan) == (bench.engine.name, NAME, bench.plan)
        for part in bench.plan.parts:
            facts = bench.facts(running, part)
            assert len(facts) == bench.plan.replicas.get(part, 1)
            assert {one.state for one in facts} == {"running"}
            bench.until_well(running, part)
            assert len({one.instance for one in facts}) == len(facts)
            for port in PORTS[part]:
                address = bench.engine.inspector(running).address(part, port)
                assert address == running.addresses[f"{part}.{port}"]
                host, _, number = address.rpartition(":")
                assert host == "127.0.0.1"
                socket.create_connection((host, int(number)), timeout=10).close()

    def test_up_on_what_runs_already_is_no_error(self, bench: Bench) -> None:
        """Starting again finds everything, or starts what has stopped."""
        running = bench.up()
        bench.engine.act(running, Action("kill", bench.bystander))
        again = bench.up()
        bench.until_state(again, bench.bystander, "running")

    def test_another_process_finds_it_again(self, bench: Bench) -> None:
        """What a run's file keeps is enough for a new engine object to work with."""
        adapter = TypeAdapter(Running)
        running = adapter.validate_json(adapter.dump_json(bench.up()))
        engine = bench.again()
        assert engine.find(NAME)
        assert engine.inspector(running).facts(bench.edited)
        engine.act(running, Action("pause", bench.edited))
        bench.until_state(running, bench.edited, "paused")
        assert list(engine.down(NAME))
        assert not bench.engine.find(NAME)

    def test_down_leaves_nothing_and_nothing_to_remove_is_no_error(self, bench: Bench) -> None:
        """Also the second time, and for what was never there."""
        running = bench.up()
        list(bench.engine.down(NAME))
        list(bench.engine.down(NAME))
        list(bench.engine.down(OTHER))
        assert not bench.engine.find(NAME)
        for address in running.addresses.values():
            host, _, number = address.rpartition(":")
            with pytest.raises(OSError, match=r".*"):
                socket.create_connection((host, int(number)), timeout=2).close()

    def test_closing_up_before_its_end_undoes_everything(self, bench: Bench) -> None:
        """Ctrl-C while it starts leaves nothing behind."""
        stream: Any = bench.engine.up(bench.plan, NAME)
        with closing(stream):
            next(stream)
        assert not bench.engine.find(NAME)

    @pytest.mark.parametrize("do", list(ROLLBACK))
    def test_what_is_done_to_a_part_is_seen_and_can_be_undone(self, bench: Bench, do: Any) -> None:
        """Doing either twice is no error, and no other part is touched."""
        running = bench.up()
        before = bench.facts(running, bench.bystander)
        if do in bench.refuses:
            with pytest.raises(MachineError, match=bench.edited):
                bench.engine.act(running, Action(do, bench.edited))
            bench.engine.act(running, Action(ROLLBACK[do], bench.edited))  # type: ignore[arg-type]
            assert all(_well(one) for one in bench.facts(running, bench.edited))
            return
        for _ in range(2):
            bench.engine.act(running, Action(do, bench.edited))
        bench.until(lambda: all(_hurt(do, one) for one in bench.facts(running, bench.edited)))
        for _ in range(2):
            bench.engine.act(running, Action(ROLLBACK[do], bench.edited))  # type: ignore[arg-type]
        bench.until_well(running, bench.edited)
        assert bench.facts(running, bench.bystander) == before

    def test_a_restart_is_seen_by_its_time(self, bench: Bench) -> None:
        """A part that was started anew says when."""
        running = bench.up()
        [before] = bench.facts(running, bench.edited)
        bench.engine.act(running, Action("restart", bench.edited))
        bench.until(lambda: bench.facts(running, bench.edited)[0].started != before.started)
        bench.until_well(running, bench.edited)

    def test_one_instance_of_several_can_be_hurt(self, bench: Bench) -> None:
        """The others go on."""
        running = bench.up()
        first, second = sorted(one.instance for one in bench.facts(running, bench.several))
        bench.engine.act(running, Action("kill", bench.several, first))
        bench.until(lambda: {one.instance: one.state for one in bench.facts(running, bench.several)}[first] == "exited")
        assert {one.instance: one.state for one in bench.facts(running, bench.several)}[second] == "running"

    def test_apply_shows_the_part_the_workspace_as_it_is_now(self, bench: Bench) -> None:
        """Only the parts that are named are started anew."""
        running = bench.up()
        before = bench.facts(running, bench.bystander)
        assert not bench.sees(running)
        bench.edit()
        for one in bench.engine.apply(running, [bench.edited]):
            assert isinstance(one, Progress)
        bench.until(lambda: bench.sees(running))
        assert bench.facts(running, bench.bystander) == before

    def test_apply_of_code_that_cannot_run_fails_visibly(self, bench: Bench) -> None:
        """It comes back, the part is not well, and its log holds its own error; mended code heals it."""
        running = bench.up()
        bench.breaks()
        list(bench.engine.apply(running, [bench.edited]))
        assert not all(_well(one) for one in bench.facts(running, bench.edited))
        since = running.started - timedelta(seconds=5)
        lines = bench.engine.inspector(running).logs(bench.edited, since, 500)
        assert any("SyntaxError" in line.text or "SyntaxError" in str(line.fields) for line in lines)
        bench.edit()
        list(bench.engine.apply(running, [bench.edited]))
        bench.until(lambda: bench.sees(running))

    def test_renewed_it_is_as_new_and_reads_the_workspace_as_it_is_now(self, bench: Bench) -> None:
        """Nothing of the data is left, what was killed is back, edits are seen; and it is found as before."""
        running = bench.up()
        assert [bench.registers(running), bench.registers(running)] == [True, False]
        bench.engine.act(running, Action("kill", bench.bystander))
        bench.edit()
        again = bench.renewed(bench.plan)
        assert (again.project, again.plan) == (NAME, bench.plan)
        for part in bench.plan.parts:
            facts = bench.facts(again, part)
            assert len(facts) == bench.plan.replicas.get(part, 1)
            bench.until_well(again, part)
        assert bench.sees(again)
        assert [bench.registers(again), bench.registers(again)] == [True, False]
        list(bench.engine.down(NAME))
        assert not bench.engine.find(NAME)

    def test_renewed_for_another_plan_it_has_the_parts_of_that_plan(self, bench: Bench) -> None:
        """Fewer, and then all of them again; a name without a system begins one."""
        fewer = replace(bench.plan, parts=tuple(part for part in bench.plan.parts if part != bench.several))
        running = bench.renewed(fewer)
        assert bench.facts(running, bench.several) == []
        assert f"{bench.several}.http" not in running.addresses
        running = bench.renewed(bench.plan)
        assert len(bench.facts(running, bench.several)) == 2
        running = bench.renewed(fewer)
        assert bench.facts(running, bench.several) == []
        bench.until_well(running, bench.edited)

    def test_closing_renew_before_its_end_undoes_everything(self, bench: Bench) -> None:
        """There is no half of one system and half of another."""
        bench.up()
        stream: Any = bench.engine.renew(bench.plan, NAME)
        with closing(stream):
            while next(stream).phase != "start":
                pass
        assert not bench.engine.find(NAME)

    def test_logs_are_the_newest_lines_of_one_part(self, bench: Bench) -> None:
        """At most as many as asked for, oldest first, none older than asked for."""
        running = bench.up()
        inspector = bench.engine.inspector(running)
        since = running.started - timedelta(minutes=5)
        bench.until(lambda: bool(inspector.logs(bench.edited, since, 100)))
        lines = inspector.logs(bench.edited, since, 100)
        assert {line.part for line in lines} == {bench.edited}
        assert {line.instance for line in lines} <= {one.instance for one in bench.facts(running, bench.edited)}
        assert inspector.logs(bench.edited, since, 1) == inspector.logs(bench.edited, since, 100)[-1:]
        assert inspector.logs(bench.edited, running.started + timedelta(days=1), 100) == []

    def test_a_part_that_is_not_there_has_no_facts(self, bench: Bench) -> None:
        """And nothing can be done to it."""
        running = bench.up()
        assert bench.facts(running, "no-such-part") == []
        with pytest.raises(MachineError):
            bench.engine.act(running, Action("stop", "no-such-part"))

    def test_two_projects_at_once_do_not_meet(self, bench: Bench) -> None:
        """They have ports of their own, and removing one leaves the other."""
        one, two = bench.up(), bench.up(OTHER)
        assert set(one.addresses.values()).isdisjoint(two.addresses.values())
        assert one.project != two.project
        list(bench.engine.down(NAME))
        assert bench.engine.find(OTHER)
        bench.until_well(two, bench.edited)


def _hurt(do: str, facts: PartFacts) -> bool:
    if do == "disconnect":
        return facts.inspect.get("networks") == []
    return facts.state == ("paused" if do == "pause" else "exited")


def _well(facts: PartFacts) -> bool:
    return facts.state == "running" and facts.health in ("healthy", "none") and facts.inspect.get("networks") != []
