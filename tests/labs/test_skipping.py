"""A solution is done step by step, stops at what fails, and touches nothing but the workspace and the system."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import TypeAdapter

from processes.valkey import Valkey
from tests.labs.running import Started, started
from tutor.errors import ContentError, MachineError
from tutor.labs.accounts import Accounts
from tutor.labs.library import Solution
from tutor.labs.news import Applied, News, Performed
from tutor.labs.skipping import Hands, perform
from tutor.labs.solving import Action

ANSWER = "services/orders/answer.py"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Started]:
    """A running shop."""
    with started(tmp_path) as made:
        yield made


def _hands(small: Started) -> Hands:
    def apply() -> Iterator[News]:
        yield Applied((ANSWER,), ("orders",))

    return Hands(
        Solution(small.found, small.system), small.workspace, small.engine, small.running, small.file,
        Accounts(small.file, small.running.credentials), small.reach, apply, small.ready, lambda _seconds: None,
    )  # fmt: skip


def _do(small: Started, *actions: dict[str, Any], hands: Hands | None = None) -> list[News]:
    parsed: tuple[Action, ...] = TypeAdapter(tuple[Action, ...]).validate_python(actions)
    return list(perform(parsed, hands or _hands(small)))


def test_files_are_copied_and_applied(small: Started) -> None:
    """From the solution, or from the system where the solution has none; what changed is named."""
    told = _do(small, {"do": "copy", "files": [ANSWER]})
    assert (small.workspace.place / ANSWER).read_text() == "ANSWER = 1\n"
    assert told == [Performed(f"wrote {ANSWER}"), Applied((ANSWER,), ("orders",))]
    [again, _] = _do(small, {"do": "copy", "files": [ANSWER]})
    assert again == Performed(f"{ANSWER} already as in the solution")
    with pytest.raises(ContentError, match="nowhere"):
        _do(small, {"do": "copy", "files": ["services/orders/none.py"]})


def test_requests_are_sent_and_their_answers_captured(small: Started) -> None:
    """With accounts, variables, and a number that counts them."""
    hands = _hands(small)
    put = {"do": "http", "part": "gateway", "method": "PUT", "as": "customer"}
    _do(
        small,
        put | {"path": "/api/notes/n${number}", "json": {"text": "by ${customer.id}"}, "times": 3}
        | {"capture": {"last": "json.id"}},
        put | {"path": "/api/notes/copy", "json": {"text": "${last}"}},
        hands=hands,
    )  # fmt: skip
    notes = small.project.shop.database.notes
    assert set(notes) == {"n1", "n2", "n3", "copy"}
    assert notes["copy"] == "n3"
    assert notes["n1"] == f"by {small.run().accounts['customer'].id}"


def test_a_request_that_is_refused_is_a_failure_of_the_solution(small: Started) -> None:
    """Unless the lab expects exactly that status; what comes after it is not done."""
    missing = {"do": "http", "part": "orders", "method": "GET", "path": "/nothing"}
    with pytest.raises(MachineError, match="answered with 404"):
        _do(small, missing, {"do": "copy", "files": [ANSWER]})
    assert (small.workspace.place / ANSWER).read_text() == "ANSWER = 0\n"
    _do(small, missing | {"allow_status": [404]})
    with pytest.raises(MachineError, match=r"has no json\.id"):
        _do(small, missing | {"allow_status": [404], "capture": {"id": "json.id"}})


def test_a_part_that_does_not_answer_is_a_failure_of_the_solution(small: Started) -> None:
    """Said with the part."""
    _do(small, {"do": "kill", "part": "orders"})
    with pytest.raises(MachineError, match="orders does not accept connections"):
        _do(small, {"do": "http", "part": "orders", "method": "GET", "path": "/answer"})


def test_parts_are_operated_by_hand(small: Started) -> None:
    """Stopped and started, all instances or one by its number."""
    _do(small, {"do": "stop", "part": "redis"})
    assert small.project.facts["redis"][0].state == "exited"
    told = _do(small, {"do": "start", "part": "redis", "instance": 1}, {"do": "wait", "seconds": 3})
    assert told == [Performed("start redis number 1"), Performed("wait 3 s")]
    assert small.ready("redis")
    with pytest.raises(MachineError, match="has 1 instances"):
        _do(small, {"do": "kill", "part": "redis", "instance": 2})


def test_findings_are_answered(small: Started) -> None:
    """As if the learner had typed them, with what was captured before."""
    put = {"do": "http", "part": "gateway", "method": "PUT", "path": "/api/notes/a", "json": {"text": "x"}}
    _do(small, put | {"capture": {"name": "json.id"}}, {"do": "find", "check": "which", "answer": "it is ${name}"})
    assert small.run().found == {"which": "it is a"}


def test_redis_takes_commands(small: Started, valkey: Valkey) -> None:
    """Real ones; what it refuses is a failure of the solution."""
    url, running = urlsplit(valkey.url(0)), small.running
    addresses = {**running.addresses, "redis.redis": f"{url.hostname}:{url.port}"}
    credentials = {**running.credentials, "redis.password": str(url.password)}
    small.running = replace(running, addresses=addresses, credentials=credentials)
    _do(small, {"do": "redis", "commands": [["XADD", "s", "1-1", "a", "b"], ["XGROUP", "CREATE", "s", "g", "0"]]})
    with pytest.raises(MachineError, match="Redis did not take it"):
        _do(small, {"do": "redis", "commands": [["XGROUP", "CREATE", "s", "g", "0"]]})
