"""The `script` kind, on real modules in a lab's folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.labs.checks.looking import check, looked, unmet
from tutor.labs.check import CannotLook
from tutor.labs.reach import Reach

MODULE = '''
"""Functions of a lab."""
import asyncio
from dataclasses import dataclass
from datetime import datetime
from tutor.labs.check import CannotLook

LOADED = []

@dataclass
class Token:
    """A token."""
    text: str

async def signed(reach, *, key):
    """Sign with a key."""
    return {"token": Token(f"{key}.x").text, "at": datetime(2026, 1, 1), "started": reach.started.year}

async def fails(reach):
    """Fail as a part would."""
    raise CannotLook("users has no keys", "users")

async def breaks(reach):
    """Have a bug."""
    return {}["nothing"]

async def hangs(reach):
    """Never end."""
    await asyncio.sleep(3600)

def waits(reach):
    """Would hold everybody up."""
    return 1
'''


@pytest.fixture(autouse=True)
def lab(reach: Reach, tmp_path: Path) -> Path:
    """A trusted lab with a module of its own."""
    folder = tmp_path / "jwt-keys"
    folder.mkdir()
    (folder / "tokens.py").write_text(MODULE)
    (folder / "broken.py").write_text("def broken(:\n")
    (tmp_path / "elsewhere.py").write_text("async def f(reach): return 1\n")
    (folder / "linked.py").symlink_to(tmp_path / "elsewhere.py")
    reach.lab_folder, reach.trusted = folder, True
    return folder


async def test_it_passes_and_fails_by_what_the_function_returns(reach: Reach) -> None:
    """Its arguments are filled in, and its result is plain data."""
    reach.variables["public_key"] = "the-key"
    seen = await looked(reach, "script", function="tokens:signed", arguments={"key": "${public_key}"})
    right = {"token": "the-key.x", "at": "2026-01-01T00:00:00", "started": 2026}
    assert unmet({"result": {"eq": right}}, seen) == []
    assert unmet({"result": {"token": "other"}}, seen) == ["result.token"]


@pytest.mark.parametrize(
    ("function", "says"),
    [
        ("tokens:breaks", "tokens:breaks broke: KeyError: 'nothing'"),
        ("tokens:waits", "has no `async def waits`"),
        ("tokens:nothing", "has no `async def nothing`"),
        ("nothing:signed", "there is no nothing.py in the lab"),
        ("linked:f", "there is no linked.py in the lab"),
        ("broken:broken", "broken:broken broke: SyntaxError"),
        ("tokens:signed", "broke: TypeError"),
    ],
)
async def test_code_that_does_not_work_is_an_error(reach: Reach, function: str, says: str) -> None:
    """Whatever is wrong with the lab's own code, the learner has not failed."""
    with pytest.raises(CannotLook, match=says):
        await looked(reach, "script", function=function)


async def test_a_function_may_say_that_it_cannot_look(reach: Reach) -> None:
    """With the part that it asked."""
    with pytest.raises(CannotLook, match="users has no keys") as caught:
        await looked(reach, "script", function="tokens:fails")
    assert caught.value.part == "users"


async def test_a_function_that_never_ends_is_ended(reach: Reach) -> None:
    """It has the time that the check gives it."""
    with pytest.raises(CannotLook, match="took longer"):
        await looked(reach, "script", function="tokens:hangs", timeout="100ms")


async def test_a_lab_that_is_not_trusted_runs_no_code(reach: Reach, lab: Path) -> None:
    """Not even by being imported."""
    (lab / "evil.py").write_text(f"open({str(lab / 'proof')!r}, 'w').close()\nasync def f(reach): return 1\n")
    reach.trusted = False
    with pytest.raises(CannotLook, match="is not trusted"):
        await looked(reach, "script", function="evil:f")
    assert not (lab / "proof").exists()


@pytest.mark.parametrize("function", ["os:system", "a.b:c", "../x:y", "/etc/x:y", "tokens", "tokens:_hidden"])
async def test_only_modules_of_the_lab_are_meant(reach: Reach, function: str) -> None:
    """No module of Python's own, and no path."""
    try:
        made = check("script", function=function)
    except ValueError as error:
        assert "pattern" in str(error)
        return
    with pytest.raises(CannotLook, match=r"there is no os\.py in the lab"):
        await made.look(reach)
