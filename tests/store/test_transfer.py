"""An export goes to another machine and back; a file that is not one is refused with its line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core import START, Clock
from tutor.errors import UsageError
from tutor.event import Event
from tutor.store.log import Log
from tutor.store.transfer import MAX_BYTES, dump, load

HEADER = '{"format": "tutor-log", "version": 1}'
ID = "01JZZZZZZZZZZZZZZZZZZZZZZZ"
GOOD = {"id": ID, "at": "2026-03-02T12:00:00+00:00", "kind": "k", "pack": "p", "body": {}}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(st.text("abc", max_size=3), JSON, max_size=3), max_size=5))
def test_an_export_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[dict[str, object]]
) -> None:
    """Any JSON, line separators and all, survives the way out, in, and into another store."""
    folder = tmp_path_factory.mktemp("transfer")
    one, two = (Log(folder / name, Clock()) for name in ("one.db", "two.db"))
    for body in bodies:
        one.append(("k", "p", body))
    file = folder / "export.jsonl"
    file.write_text("".join(f"{line}\n" for line in dump(one.events())), encoding="utf-8")
    assert load(file) == one.events()
    assert [two.merge(load(file)), two.merge(load(file))] == [len(bodies), 0]
    assert two.events() == one.events()
    one.close()
    two.close()


def test_a_foreign_line_separator_does_not_split_an_event(tmp_path: Path) -> None:
    """U+2028 and U+0085 in an answer, a byte order mark and Windows line ends are no damage."""
    event = Event(ID, START, "k", "p", {"text": "a\u2028b\x85c"})
    file = tmp_path / "export"
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([*dump([event]), "", ""]).encode())
    assert load(file) == [event]


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        json.dumps({**GOOD, "id": 7}),
        json.dumps({**GOOD, "id": "short"}),
        json.dumps({**GOOD, "id": ID.lower()}),
        json.dumps({**GOOD, "more": 1}),
        json.dumps({**GOOD, "body": []}),
        json.dumps({**GOOD, "body": {"n": float("nan")}}),
        json.dumps({**GOOD, "body": 0}).replace('"body": 0', '"body": {"n": 1e999}'),
        json.dumps({**GOOD, "kind": "k\ud800"}),
        json.dumps({**GOOD, "pack": "\udcff"}),
        json.dumps({**GOOD, "id": "7" + "Z" * 25}),
        json.dumps({**GOOD, "at": "yesterday"}),
        json.dumps({**GOOD, "at": "2026-03-02T12:00:00"}),
        json.dumps({**GOOD, "at": "0001-01-01T00:00:00+14:00"}),
        json.dumps({**GOOD, "at": "9999-12-31T23:59:59-12:00"}),
    ],
    ids=range(19),
)
def test_a_line_that_is_no_event_is_named_and_nothing_imported(line: str, tmp_path: Path) -> None:
    """The third line of a file with a right second one: refused as file:3."""
    file = tmp_path / "export"
    file.write_text(f"{HEADER}\n{json.dumps(GOOD)}\n{line}\n")
    with pytest.raises(UsageError, match=f"{file}:3: .*nothing was imported"):
        load(file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ":1: this is not JSON"),
        ("hello", ":1: this is not JSON"),
        ("{}", ":1: this is not an export"),
        ('{"format": "other"}', ":1: this is not an export"),
        ('{"format": "tutor-log", "version": 2}', "version 2; update"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (None, "No such file"),
    ],
)
def test_a_file_that_is_no_export_is_refused(text: str | bytes | None, said: str, tmp_path: Path) -> None:
    """Empty, foreign, newer, binary and missing files each get their sentence."""
    file = tmp_path / "export"
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match=said):
        load(file)


def test_what_might_never_end_is_not_opened(tmp_path: Path) -> None:
    """A device, a pipe, a folder, and a file larger than any export: a sentence at once."""
    pipe, huge = tmp_path / "pipe", tmp_path / "huge"
    os.mkfifo(pipe)
    with huge.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    for file, said in ((Path("/dev/zero"), "plain"), (pipe, "plain"), (tmp_path, "plain"), (huge, "larger")):
        with pytest.raises(UsageError, match=said):
            load(file)


def test_a_zone_is_turned_into_utc(tmp_path: Path) -> None:
    """A time in another zone is the same moment after import."""
    file = tmp_path / "export"
    file.write_text(f"{HEADER}\n{json.dumps({**GOOD, 'at': '2026-03-02T14:00:00+02:00'})}\n")
    assert load(file)[0].at == START
