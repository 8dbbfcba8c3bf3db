"""Does in the learner's place what a step's `solve` says. Refuses to go on after an action that failed, and to write
anywhere but into the workspace.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tutor.errors import MachineError
from tutor.labs import matching
from tutor.labs.accounts import Accounts, accounts_in
from tutor.labs.bridge import finished
from tutor.labs.check import CannotLook
from tutor.labs.engine.base import Action as Doing
from tutor.labs.engine.base import Engine, Running
from tutor.labs.library import Solution
from tutor.labs.matching import MISSING
from tutor.labs.news import News, Performed
from tutor.labs.reach import Reach
from tutor.labs.run import Run, RunFile
from tutor.labs.solving import Action, Copy, Find, Operate, Redis, Request, Wait
from tutor.labs.workspace import Workspace

PATIENCE = 60.0
PAUSE = 0.2
SECONDS = 30.0
"""How long one request of a solution may take."""


@dataclass
class Hands:
    """What a solution works with. `apply` makes the running parts see the workspace."""

    solution: Solution
    workspace: Workspace
    engine: Engine
    running: Running
    file: RunFile
    accounts: Accounts
    reach: Callable[[], Reach]
    apply: Callable[[], Iterator[News]]
    ready: Callable[[str], bool]
    sleep: Callable[[float], None] = time.sleep
    variables: dict[str, Any] = field(default_factory=dict)


def perform(actions: tuple[Action, ...], hands: Hands) -> Iterator[News]:
    """Do all of it, in order, telling each.

    Raises: MachineError when one fails.
    """
    for action in actions:
        try:
            if isinstance(action, Copy):
                yield from _copy(action, hands)
            else:
                _OTHERS[type(action)](action, hands)
                yield Performed(action.words)
        except CannotLook as trouble:
            raise MachineError(f"The solution could not be done: {trouble}.", "See: tutor lab status") from None


def _copy(action: Copy, hands: Hands) -> Iterator[News]:
    names = list(action.files) or hands.solution.files
    laid = hands.workspace.lay({name: hands.solution.read(name) for name in names})
    yield Performed(f"wrote {', '.join(laid)}" if laid else f"{', '.join(names)} already as in the solution")
    yield from hands.apply()


def _request(action: Request, hands: Hands) -> None:
    finished(lambda: _send(action, hands))


async def _send(action: Request, hands: Hands) -> None:
    """Send it as often as it says, and capture what it asks for."""
    from tutor.labs.asking import NoAnswer, send

    reach = hands.reach()
    reach.variables |= hands.variables
    async with reach.open():
        for account in accounts_in(action.model_dump(by_alias=True, exclude_unset=True)):
            reach.variables |= await hands.accounts.log_in(reach, account)
        client = reach.http()
        for number in range(1, action.times + 1):
            body = reach.filled(action.json_, number=number)
            url = f"{reach.url(action.part, action.port)}{reach.filled(action.path, number=number)}"
            request = client.build_request(action.method, url, json=body, headers=_headers(action, reach, number))
            try:
                answer = await send(client, request, SECONDS)
            except NoAnswer as trouble:
                raise CannotLook(f"{action.part} {trouble}", action.part) from None
            if answer.status >= 400 and answer.status not in action.allow_status:
                said = reach.hiding().text(answer.text[:300])
                raise CannotLook(f"{action.method} {action.path} was answered with {answer.status}: {said}")
            _capture(action, answer, hands)


def _headers(action: Request, reach: Reach, number: int) -> dict[str, str]:
    headers = {name: str(reach.filled(value, number=number)) for name, value in action.headers.items()}
    if action.as_ == "rabbitmq":
        from base64 import b64encode

        login = f"{reach.secrets['rabbitmq.user']}:{reach.secrets['rabbitmq.password']}"
        headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
    elif action.as_ is not None:
        headers["Authorization"] = f"Bearer {reach.variable(f'{action.as_}.token')}"
    return headers


def _capture(action: Request, answer: Any, hands: Hands) -> None:
    for name, path in action.capture.items():
        value = matching.pick({"json": answer.data, "status": answer.status, "headers": answer.headers}, path)
        if value is MISSING:
            raise CannotLook(f"the answer to {action.method} {action.path} has no {path}")
        hands.variables[name] = value


def _redis(action: Redis, hands: Hands) -> None:
    import redis

    reach = hands.reach()
    reach.variables |= hands.variables
    host, _, port = reach.engine.address("redis", "redis").rpartition(":")
    password = reach.secrets.get("redis.password") or None
    database = int(reach.secrets.get("redis.database", "0"))
    client = redis.Redis(host=host, port=int(port), password=password, db=database, socket_timeout=SECONDS)
    try:
        for words in action.commands:
            client.execute_command(*[str(reach.filled(word)) for word in words])  # type: ignore[no-untyped-call]
    except (redis.RedisError, OSError) as error:
        raise CannotLook(f"Redis did not take it: {error}", "redis") from None
    finally:
        client.close()


def _operate(action: Operate, hands: Hands) -> None:
    instance = ""
    if action.instance is not None:
        names = sorted(one.instance for one in hands.engine.inspector(hands.running).facts(action.part))
        if action.instance > len(names):
            raise CannotLook(f"{action.part} has {len(names)} instances, not {action.instance}")
        instance = names[action.instance - 1]
    hands.engine.act(hands.running, Doing(action.do, action.part, instance))
    if action.do in ("start", "resume", "restart"):
        for _ in range(int(PATIENCE / PAUSE)):
            if hands.ready(action.part):
                break
            hands.sleep(PAUSE)


def _find(action: Find, hands: Hands) -> None:
    reach = hands.reach()
    reach.variables |= hands.variables
    answer = str(reach.filled(action.answer))
    hands.file.update(_found(action.check, answer))


def _found(check: str, answer: str) -> Callable[[Run], Run]:
    return lambda run: replace(run, found={**run.found, check: answer})


def _wait(action: Wait, hands: Hands) -> None:
    hands.sleep(action.seconds)


_OTHERS: Mapping[type, Callable[[Any, Hands], None]] = {
    Request: _request,
    Redis: _redis,
    Operate: _operate,
    Find: _find,
    Wait: _wait,
}
