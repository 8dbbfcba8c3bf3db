"""What all kinds have in common: they are documented, bounded, strict, and wide enough for the labs there are to be."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from tests.labs.checks.looking import ENVELOPE
from tutor.labs.check import Check
from tutor.labs.checks.kinds import KINDS, AnyCheck
from tutor.yamlfile import read

FOLDER = Path(inspect.getfile(Check)).parent / "checks"
NAMES = (
    *("http", "sql", "redis", "queue", "amqp", "consul", "promql"),
    *("trace", "logs", "container", "load", "file", "input", "script"),
)
WIDE: Any = read(Path(__file__).with_name("outside_checks.yaml")).data
ADAPTER: TypeAdapter[Check] = TypeAdapter(AnyCheck)


def kind_of(model: type[Check]) -> str:
    """The word in YAML."""
    return str(get_args(model.model_fields["kind"].annotation)[0])


def test_every_kind_of_the_design_is_there() -> None:
    """And the union and the list name the same ones."""
    assert sorted(map(kind_of, KINDS)) == sorted(NAMES)
    assert set(get_args(get_args(AnyCheck)[0])) == set(KINDS)


def _examples(docstring: str) -> list[str]:
    """The indented pieces that begin with a kind."""
    blocks = re.findall(r"(?:^    .*\n?|^\n)+", docstring, re.MULTILINE)
    return [block for block in blocks if block.strip().startswith("kind:")]


def _read(tmp_path: Path, text: str) -> Any:
    path = tmp_path / "example.yaml"
    path.write_text(text, encoding="utf-8")
    return read(path).data


@pytest.mark.parametrize("kind", NAMES)
def test_every_kind_has_an_example_that_works(kind: str, tmp_path: Path) -> None:
    """Its module's docstring shows a check that a lab could have, word for word."""
    docstring = ast.get_docstring(ast.parse((FOLDER / f"{kind}.py").read_text(encoding="utf-8"))) or ""
    examples = _examples(docstring)
    assert examples
    for example in examples:
        made = ADAPTER.validate_python({**ENVELOPE, **_read(tmp_path, example)})
        assert made.kind == kind


@pytest.mark.parametrize("model", KINDS, ids=map(kind_of, KINDS))
def test_every_kind_says_what_it_brings_back(model: type[Check]) -> None:
    """Each value has a sentence, no kind may look for ever, and an unknown key is refused."""
    assert model.VALUES
    assert all(sentence.strip() for sentence in model.VALUES.values())
    with pytest.raises(ValidationError):
        model.model_validate({**ENVELOPE, "kind": kind_of(model), "expect": {"nothing": 1}, "no-such-key": 1})


@pytest.mark.parametrize("idea", WIDE)
def test_what_labs_must_say_can_be_said(idea: str) -> None:
    """Every check of every idea of a lab loads, with what it expects."""
    checks = WIDE[idea]
    assert checks
    for number, one in enumerate(checks):
        made = ADAPTER.validate_python({**ENVELOPE, "id": f"check-{number}", **one})
        assert 0 < made.look_seconds <= 130
        assert made.expect.keys() <= made.VALUES.keys()


def test_reading_a_lab_loads_no_client() -> None:
    """What a kind talks with is imported when it looks, not when a lab is read."""
    script = "import sys, tutor.labs.definition; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert {"httpx", "asyncpg", "redis", "aio_pika", "docker"} & set(done.stdout.split()) == set()
