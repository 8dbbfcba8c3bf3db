"""Puts faults in force and undoes them. Refuses to hurt anything before what undoes it is on disk, and to forget a
fault that could not be undone: it stays noted, and is undone at the next contact.

The journal is part of the run's file. What stands in it as injected by a check, while no check runs, was left by a
process that died: whoever comes next undoes it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from http.client import HTTPConnection, HTTPException
from typing import Any, Literal

from tutor.errors import MachineError, UsageError
from tutor.labs.check import CannotLook
from tutor.labs.engine.base import ROLLBACK, Action, Engine, Running
from tutor.labs.faulting import EngineFault, Fault, ProviderFault, ServiceFault
from tutor.labs.news import Faulted
from tutor.labs.run import Entry, Run, RunFile

PATIENCE = 60.0
"""Seconds that a part may take to be well again after a fault was undone."""

PAUSE = 0.2
SECONDS = 5.0
"""Seconds that a service may take to answer about a fault."""

_BEHAVIOUR: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "payments": ("/provider/behaviour", {"method": "PUT", "path": "/provider/behaviour", "json": {}}),
    "notifications": ("/channels/behaviour", {"method": "DELETE", "path": "/channels/behaviour"}),
}
"""Where the stand-in of an outside provider is told how to behave, and the request that makes it behave again."""


class _Slow(MachineError):
    """No answer came in time."""


By = Literal["check", "learner"]


class Faults:
    """The faults of one running lab. `ready` says whether a part answers as it should."""

    def __init__(
        self,
        known: Sequence[Fault],
        engine: Engine,
        running: Running,
        file: RunFile,
        ready: Callable[[str], bool],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._known = {fault.id: fault for fault in known}
        self._engine, self._running, self._file = engine, running, file
        self._ready, self._sleep = ready, sleep

    def inject(self, faults: Sequence[str], by: By = "check") -> list[Faulted]:
        """Put these in force, each noted down first; tells those that were not in force already.

        Raises: MachineError when one cannot be injected, UsageError when the lab has none of that name.
        """
        told = []
        for id_ in faults:
            if id_ not in self._known:
                raise UsageError(f"This lab has no fault `{id_}`.", f"It has: {', '.join(self._known) or 'none'}")
            if id_ in [entry.fault for entry in self.in_force()]:
                continue
            fault = self._known[id_]
            undo = self._undo_of(fault)
            entry = Entry(id_, fault.title, fault.part, by, undo)
            self._file.update(_noting(entry))
            self._do(fault, undo)
            told.append(Faulted(id_, fault.title, True))
        return told

    def undo(self, by: By | None = "check", faults: Sequence[str] | None = None) -> list[Faulted]:
        """Undo what was injected by a check (or the learner, or anybody), newest first, and wait until all is well.

        Raises: MachineError when something could not be undone; it is still noted then.
        """
        told, problems = [], []
        for entry in reversed(self.in_force()):
            if (by is not None and entry.by != by) or (faults is not None and entry.fault not in faults):
                continue
            try:
                self._undo(entry)
            except MachineError as error:
                problems.append(error)
                continue
            self._file.update(_forgetting(entry))
            told.append(Faulted(entry.fault, entry.title, False))
        if problems:
            raise problems[0]
        return told

    def parts(self, faults: Sequence[str]) -> set[str]:
        """The parts that these hurt."""
        return {self._known[id_].part for id_ in faults if id_ in self._known}

    def in_force(self) -> tuple[Entry, ...]:
        """What is noted down."""
        run = self._file.read()
        return run.faults if run else ()

    def _undo_of(self, fault: Fault) -> Mapping[str, Any]:
        if isinstance(fault, EngineFault):
            return {"do": ROLLBACK[fault.kind], "instance": self._instance(fault)}
        if isinstance(fault, ServiceFault):
            return {"method": "DELETE", "path": "/faults", "in_memory": True}
        return _BEHAVIOUR[fault.part][1]

    def _instance(self, fault: EngineFault) -> str:
        """The engine's name of the instance that the lab knows by its number; empty for all."""
        if fault.instance is None:
            return ""
        facts = _seen(lambda: self._engine.inspector(self._running).facts(fault.part))
        names: list[str] = sorted(one.instance for one in facts)
        if fault.instance > len(names):
            raise MachineError(f"{fault.part} has {len(names)} instances; `{fault.id}` hurts number {fault.instance}.")
        return names[fault.instance - 1]

    def _do(self, fault: Fault, undo: Mapping[str, Any]) -> None:
        if isinstance(fault, EngineFault):
            self._engine.act(self._running, Action(fault.kind, fault.part, undo["instance"]))
        elif isinstance(fault, ServiceFault):
            self._ask(fault.part, "PUT", "/faults", fault.model_dump(exclude={"kind", "id", "title", "part"}))
        elif isinstance(fault, ProviderFault):
            self._ask(fault.part, "PUT", _BEHAVIOUR[fault.part][0], fault.behaviour)

    def _undo(self, entry: Entry) -> None:
        """Undo one, and wait until its part is well."""
        undo, left = entry.undo, PATIENCE
        if "do" in undo:
            self._engine.act(self._running, Action(undo["do"], entry.part, undo["instance"]))
            self._wait_until_well(entry.part)
            return
        while True:
            try:
                self._ask(entry.part, undo["method"], undo["path"], undo.get("json"))
                return
            except MachineError as error:
                if undo.get("in_memory") and not self._states(entry.part) & {"running", "paused"}:
                    return  # it lived in the memory of a process that is gone
                left -= PAUSE + (SECONDS if isinstance(error, _Slow) else 0)
                if left <= 0:
                    raise
            self._sleep(PAUSE)

    def _wait_until_well(self, part: str) -> None:
        for _ in range(int(PATIENCE / PAUSE)):
            if self._states(part) == {"running"} and self._ready(part):
                return
            self._sleep(PAUSE)
        raise MachineError(f"{part} does not come back after a fault was undone.", "See: tutor lab logs")

    def _states(self, part: str) -> set[str]:
        facts = _seen(lambda: self._engine.inspector(self._running).facts(part))
        return {one.state for one in facts}

    def _ask(self, part: str, method: str, path: str, body: Any) -> None:
        """Tell the gated endpoints of a service something.

        Raises: MachineError when it does not take it.
        """
        host, _, port = _seen(lambda: self._engine.inspector(self._running).address(part, "ops")).rpartition(":")
        connection = HTTPConnection(host, int(port), timeout=SECONDS)
        data = None if body is None else json.dumps(body)
        try:
            connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
            status = connection.getresponse().status
        except TimeoutError:
            raise _Slow(f"{part} does not answer about faults within {SECONDS:g} s.", "Is it paused?") from None
        except (OSError, HTTPException) as error:
            raise MachineError(f"{part} does not answer about faults: {type(error).__name__}.") from None
        finally:
            connection.close()
        if status >= 400:
            raise MachineError(f"{part} does not take the fault: HTTP {status}.", "Are its faults on?")


def _seen(look: Callable[[], Any]) -> Any:
    try:
        return look()
    except CannotLook as trouble:
        raise MachineError(f"The engine does not say: {trouble}.", "Is it running? tutor doctor") from None


def _noting(entry: Entry) -> Callable[[Run], Run]:
    return lambda run: replace(run, faults=(*run.faults, entry))


def _forgetting(entry: Entry) -> Callable[[Run], Run]:
    return lambda run: replace(run, faults=tuple(one for one in run.faults if one != entry))
