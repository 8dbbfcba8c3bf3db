"""The `file` kind, on real files."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.labs.checks.looking import check, looked, unmet
from tutor.labs.check import CannotLook
from tutor.labs.reach import Reach

ROUTES = "upstreams:\n  payments:\n    breaker: {window: 10}\n"


@pytest.fixture(autouse=True)
def files(reach: Reach) -> None:
    """A workspace with a file of each sort."""
    folder = reach.workspace / "config" / "gateway"
    folder.mkdir(parents=True)
    (folder / "routes.yaml").write_text(ROUTES)
    (folder / "broken.yaml").write_text("a: [1\nb: 2\n")
    (folder / "data.json").write_text('{"a": [1]}')
    (reach.workspace / "outside").symlink_to("/etc")
    (reach.workspace / "binary").write_bytes(b"\xff\x00\xfe")


async def test_it_passes_and_fails_by_what_is_written(reach: Reach) -> None:
    """Text, and what it says as YAML or JSON."""
    seen = await looked(reach, "file", path="config/gateway/routes.yaml")
    breaker = {"upstreams": {"payments": {"breaker": {"window": {"ge": 5}}}}}
    assert unmet({"exists": True, "text": {"contains": "payments"}, "yaml": breaker, "problem": None}, seen) == []
    assert unmet({"yaml": {"upstreams": {"orders": {"exists": True}}}}, seen) == ["yaml.upstreams.orders"]
    assert unmet({"json": {"eq": {"a": [1]}}}, await looked(reach, "file", path="config/gateway/data.json")) == []


async def test_a_missing_file_is_something_seen(reach: Reach) -> None:
    """The learner has yet to write it; so is a folder, which is no file."""
    for path in ("config/gateway/none.yaml", "config", "config/none/none.yaml"):
        seen = await looked(reach, "file", path=path, find="a")
        assert unmet({"exists": False, "text": None, "yaml": None, "matches": {"empty": True}}, seen) == []


async def test_yaml_that_is_none_is_said_with_its_line(reach: Reach) -> None:
    """It is the learner's mistake, and no error of ours."""
    seen = await looked(reach, "file", path="config/gateway/broken.yaml")
    assert unmet({"exists": True, "yaml": None, "problem": {"starts_with": "line 2:"}}, seen) == []


async def test_pieces_are_found(reach: Reach) -> None:
    """Every piece that fits, or its group."""
    path = "config/gateway/routes.yaml"
    assert unmet({"matches": ["payments:"]}, await looked(reach, "file", path=path, find=r"^  \w+:")) == ["matches"]
    assert unmet({"matches": ["payments"]}, await looked(reach, "file", path=path, find=r"^  (\w+):")) == []


async def test_bytes_that_are_no_text_are_read(reach: Reach) -> None:
    """Nothing that lies in a workspace breaks a check."""
    assert unmet({"exists": True}, await looked(reach, "file", path="binary")) == []


async def test_a_link_out_of_the_workspace_is_not_followed(reach: Reach) -> None:
    """What lies elsewhere is nobody's business."""
    with pytest.raises(CannotLook, match="leads out of the workspace"):
        await looked(reach, "file", path="outside/passwd")


async def test_a_file_that_may_not_be_read_is_an_error(reach: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine refuses, and the learner is not blamed."""
    from pathlib import Path

    def refuses(*_arguments: Any, **_more: Any) -> Any:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(Path, "open", refuses)
    with pytest.raises(CannotLook, match="cannot be read: Permission denied"):
        await looked(reach, "file", path="binary")


async def test_a_pipe_is_not_waited_for(reach: Reach) -> None:
    """What is no plain file is none, and nobody waits until somebody writes to it."""
    os.mkfifo(reach.workspace / "pipe")
    assert unmet({"exists": False}, await looked(reach, "file", path="pipe")) == []


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"path": "../secret"}, "leads out of its folder"),
        ({"path": "/etc/passwd"}, "leads out of its folder"),
        ({"path": "a/../../b"}, "leads out of its folder"),
        ({"path": "a b"}, "pattern"),
        ({"path": "a", "find": "("}, "not a regular expression"),
        ({"path": "a", "find": "(a)(b)"}, "several groups"),
    ],
)
def test_a_mistake_is_named(keys: dict[str, Any], says: str) -> None:
    """No path leads out, and a pattern is one."""
    with pytest.raises(ValueError, match=says):
        check("file", **keys)
