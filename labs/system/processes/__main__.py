"""Runs the system until Ctrl-C: `python labs/system/processes [--core] [--rabbitmq] [--saga orchestration]`.

Refuses to end because one service did: what happens then is what one wants to see.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType

if not __package__:  # run as a folder: that folder's files must not hide packages with the same name
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from processes.child import ChildFailed
from processes.leash import Leash
from processes.stack import ALL, CORE, Stack


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="processes", description="The reference system without Docker.")
    parser.add_argument("--core", action="store_true", help="only users, orders and the gateway")
    parser.add_argument("--rabbitmq", action="store_true", help="events over an installed RabbitMQ, not Valkey streams")
    parser.add_argument("--saga", choices=("choreography", "orchestration"), default="choreography")
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="keep the logs there")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a variable for all services; can be repeated"
    )
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Start, print where everything is, wait for Ctrl-C or SIGTERM, stop in order."""
    arguments = _arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    settings = {"SAGA": arguments.saga, **dict(pair.partition("=")[::2] for pair in arguments.set)}
    leash = Leash(logs=arguments.logs)
    try:
        return _run(leash, CORE if arguments.core else ALL, arguments.rabbitmq, settings)
    except ChildFailed as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        leash.release()


def _run(leash: Leash, services: tuple[str, ...], rabbitmq: bool, settings: dict[str, str]) -> int:
    begun = time.monotonic()
    stack = Stack(leash, services=services, rabbitmq=rabbitmq, settings=settings)
    try:
        stack.start()
        _say(f"Ready after {time.monotonic() - begun:.1f} s.\n\n{stack.describe()}\n\nCtrl-C stops everything.")
        _watch(stack)
    except KeyboardInterrupt:
        _say("\nStopping.")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # stopping in order takes a moment; impatience must not undo it
        stack.stop()
    return 0


def _watch(stack: Stack) -> None:
    ended: set[str] = set()
    while True:
        time.sleep(0.5)
        for name, child in stack.children.items():
            if not child.running and name not in ended:
                ended.add(name)
                _say(f"{name} ended with code {child.exit_code}; the others go on. Its log ends:\n{child.tail()}")


if __name__ == "__main__":
    sys.exit(main())
