"""A document that does not fit its model is answered with sentences that say what to write instead."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from tutor.errors import ContentError
from tutor.shapes import Strict
from tutor.validate import validate
from tutor.yamlfile import read


class Copy(Strict):
    """Copies."""

    do: Literal["copy"]


class Operate(Strict):
    """Stops and starts."""

    do: Literal["stop", "start"]


class Circle(Strict):
    """Round."""

    kind: Literal["circle"]


class Square(Strict):
    """Not round."""

    kind: Literal["square"]
    side: int


class Gap(Strict):
    """Missing."""

    kind: Literal["gap", "hole"]


class Book(Strict):
    """Several unions, each with a key of its own or with a key that another one has too."""

    actions: tuple[Annotated[Copy | Operate, Field(discriminator="do")], ...] = ()
    shapes: tuple[Annotated[Circle | Square, Field(discriminator="kind")], ...] = ()
    others: dict[str, tuple[Annotated[Circle | Gap, Field(discriminator="kind")], ...]] = Field(default_factory=dict)
    best: Annotated[Circle | Square, Field(discriminator="kind")] | None = None


def problems(folder: Path, text: str) -> list[tuple[int, str]]:
    """Line and sentence of everything that is wrong."""
    path = folder / "book.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        validate(read(path), Book)
    return [(one.line, one.what) for one in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("actions:\n  - what: copy\n", 2, "`do` is missing; write one of copy, stop, start"),
        ("actions:\n  - do: remove\n", 2, "`do` cannot be 'remove'; write one of copy, stop, start"),
        ("shapes:\n  - side: 3\n", 2, "`kind` is missing; write one of circle, square"),
        ("shapes:\n  - kind: gap\n", 2, "`kind` cannot be 'gap'; write one of circle, square"),
        ("others:\n  mine:\n    - side: 3\n", 3, "`kind` is missing; write one of circle, gap, hole"),
        ("best: {side: 3}\n", 1, "`kind` is missing; write one of circle, square"),
        ("shapes: [circle]\n", 1, "`shapes` must be a mapping of keys to values, not 'circle'"),
    ],
)
def test_the_key_that_tells_shapes_apart_is_named_with_its_values(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    """Whatever the key is called, and wherever the union stands: its own values are offered, and no other's."""
    assert problems(tmp_path, text) == [(line, says)]


def test_what_is_inside_of_a_shape_is_found(tmp_path: Path) -> None:
    """A key that is missing inside of a member of a union is named as that key, on the line of the member."""
    assert problems(tmp_path, "shapes:\n  - kind: circle\n  - kind: square\n") == [
        (3, "`side` is missing; add `side: ...`")
    ]
