"""Runs a system until it is told to end, detached from whoever started it: `python -m processes.supervisor < order`.

What it owns dies with it, by the leash, however it goes. Refuses to outlive the watch that sees to that, and to leave
its record behind when it ends in order.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from processes.child import ChildFailed
from processes.ports import NoFreePort
from processes.supervisor.control import Control
from processes.supervisor.logbook import LoggingLeash
from processes.supervisor.order import Order, read
from processes.supervisor.system import System

LOOK = 1.0
"""Seconds between two looks at the watch."""


def main() -> int:
    """Read the order, leave whoever gave it, start everything, answer questions, end everything."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    order = read(json.load(sys.stdin))
    if os.fork():
        os._exit(0)  # whoever started us has nobody to wait for, and we have nobody who could end us
    told = _apart()
    try:
        leash = LoggingLeash(order.logs)
        try:
            return _run(order, leash, told)
        finally:
            order.record.unlink(missing_ok=True)
            leash.release()
    except (ChildFailed, NoFreePort, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _apart() -> int:
    """Let go of what our starter gave us. The result is what it listens to; no child of ours gets that."""
    told = os.dup(1)
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return told


def _run(order: Order, leash: LoggingLeash, told: int) -> int:
    system = System(order, leash)
    control = Control(system, leash.folder / "control")
    signal.signal(signal.SIGTERM, lambda _number, _frame: control.over.set())
    system.open()
    control.serve()
    _record(order.record, {"pid": os.getpid(), "group": leash.group, "folder": str(leash.folder)})
    os.write(told, b"ready\n")  # fails when nobody listens any more: then nothing is started
    os.close(told)
    threading.Thread(target=system.start, daemon=True).start()
    while not control.over.wait(LOOK) and leash.holds:
        pass
    system.end()
    return 0


def _record(path: Path, told: Mapping[str, object]) -> None:
    """Say where we are, all of it or nothing."""
    new = path.with_name(f"{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(told, stream)
    new.replace(path)


if __name__ == "__main__":
    sys.exit(main())
