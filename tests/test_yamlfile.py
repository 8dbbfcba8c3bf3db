"""What the YAML reader takes and what it refuses, with real files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutor.errors import ContentError, Problem
from tutor.limits import MAX_FILE_BYTES
from tutor.yamlfile import MAX_DEPTH, Document, read, syntax_problem


def problems(path: Path) -> tuple[Problem, ...]:
    """What the reader says against the file."""
    with pytest.raises(ContentError) as caught:
        read(path)
    return caught.value.problems


def refused(folder: Path, content: str | bytes) -> Problem:
    """The only problem of a file with that content."""
    path = folder / "a.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (problem,) = problems(path)
    assert problem.file == path
    return problem


def data(folder: Path, content: str) -> object:
    """What a file with that content holds."""
    path = folder / "a.yaml"
    path.write_text(content, encoding="utf-8")
    return read(path).data


BOMB = "a: &a [x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n"


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        pytest.param(BOMB, 1, "anchors and aliases are not allowed", id="aliases-bomb"),
        pytest.param("a: 1\nb: *nowhere\n", 2, "aliases are not allowed", id="alias-to-nothing"),
        pytest.param(b"a: 1\n\xff\xfe\x00\x01", 2, "is not UTF-8 text", id="binary"),
        pytest.param("a: caf\u00e9\n".encode("latin-1"), 1, "is not UTF-8 text", id="latin-1"),
        pytest.param("a: 1\nb: \x00\n", 0, "control characters", id="nul"),
        pytest.param("a: 1\nb: !!python/object:os.system x\n", 2, "tag", id="python-tag"),
        pytest.param("a: !!binary aGk=\n", 1, "tag", id="binary-tag"),
        pytest.param("a: !thing {b: 1}\n", 1, "tag", id="own-tag"),
        pytest.param("a: 1\nb: 2\na: 3\n", 3, "`a` appears twice here (first on line 1)", id="duplicate-key"),
        pytest.param("a: 1\n? [b]\n: 2\n", 2, "keys are plain words", id="list-as-key"),
        pytest.param("[" * 100_000, 1, f"more than {MAX_DEPTH} levels", id="brackets"),
        pytest.param("{a: " * 100_000, 1, f"more than {MAX_DEPTH} levels", id="braces"),
        pytest.param("\n".join("  " * depth + "- " for depth in range(40)), 25, "levels deep", id="indented-deep"),
        pytest.param("a:\n\tb: 1\n", 2, "not valid YAML", id="tab"),
        pytest.param("a: 1\n---\nb: 2\n", 2, "second document", id="second-document"),
        pytest.param("a: [1, 2\nb: 3\n", 2, "not valid YAML", id="open-bracket"),
        pytest.param('a: "open\n', 2, "not valid YAML", id="open-quote"),
        pytest.param("a: b: c\n", 1, "not valid YAML", id="colon-in-text"),
        pytest.param('a: 1\nb: "\\e[2J"\n', 2, "holds U+001B, a character that cannot be seen", id="escape"),
        pytest.param("a: 1\nb: x\u202ey\n", 2, "holds U+202E", id="reversed-text"),
        pytest.param("a: 1\nb: x\u200by\n", 2, "holds U+200B", id="no-space"),
        pytest.param("a: 1\nb: x\ufeffy\n", 2, "holds U+FEFF", id="byte-order-mark-inside"),
        pytest.param("a: 1\nb: x\x85\n", 2, "holds the line break U+0085", id="stray-line-break"),
    ],
)
def test_hostile_text_is_refused_with_its_line(tmp_path: Path, content: str | bytes, line: int, says: str) -> None:
    """Whatever a content file never needs is refused in one sentence that names the line."""
    problem = refused(tmp_path, content)
    assert (problem.line, says in problem.what) == (line, True), problem


def test_large_file_is_refused_without_reading_all_of_it(tmp_path: Path) -> None:
    """Ten megabytes are refused by size, with the limit in the sentence."""
    assert "is larger than 2 MiB; split it" in refused(tmp_path, b"a: 1\n" * 2_000_000).what


def test_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    """The limit itself is allowed."""
    text = "a: '" + "x" * (MAX_FILE_BYTES - 6) + "'\n"
    assert isinstance(data(tmp_path, text), dict)


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    """A file that is not there and a folder in its place give a sentence each, without a line."""
    assert problems(tmp_path / "none.yaml")[0].what.startswith("cannot be read: No such file")
    assert problems(tmp_path)[0].what == "is not a plain file; put a text file there"


@pytest.mark.parametrize("name", ["/dev/zero", "pipe"])
def test_endless_files_are_refused(tmp_path: Path, name: str) -> None:
    """A device or a pipe in place of a file is refused, not read until the end of days."""
    path = tmp_path / "a.yaml"
    if name == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(name)
    assert problems(path)[0].what == "is not a plain file; put a text file there"


def test_all_duplicates_are_reported_at_once(tmp_path: Path) -> None:
    """A reader sees every duplicate key and tag of a file in one go, in order."""
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\na: 2\nb: {c: 1, c: 2}\nd: !!str x\n", encoding="utf-8")
    assert [problem.line for problem in problems(path)] == [2, 3, 4]


def test_the_flood_of_problems_is_bounded(tmp_path: Path) -> None:
    """A file of nothing but duplicates gives a hundred problems, not one for each line."""
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\n" * 5_000, encoding="utf-8")
    assert len(problems(path)) == 100


def test_empty_file_holds_nothing(tmp_path: Path) -> None:
    """An empty file, or one of comments, is a document without data."""
    assert data(tmp_path, "") is None
    assert data(tmp_path, "# nothing\n") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("2026-11-01", "2026-11-01"),
        ("12:30", "12:30"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("-12", -12),
        ("99.5", 99.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        ("12345678901234567890", "12345678901234567890"),
        ("'12'", "12"),
        ("<<", "<<"),
    ],
)
def test_plain_scalars_follow_the_core_schema(tmp_path: Path, text: str, value: object) -> None:
    """Only what looks like a number, a boolean or null is one; the rest is text, as a reader expects."""
    assert data(tmp_path, f"a: {text}\n") == {"a": value}


def test_lines_of_places_are_remembered(tmp_path: Path) -> None:
    """Each key and entry knows its line; an unknown place falls back to the nearest one around it."""
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\nb:\n  - x\n  - c: |\n      text\n    d: {e: 2}\n", encoding="utf-8")
    document = read(path)
    places = {("a",): 1, ("b",): 2, ("b", 0): 3, ("b", 1): 4, ("b", 1, "c"): 4, ("b", 1, "d", "e"): 6}
    assert {place: document.line(place) for place in places} == places
    assert document.line(("b", 1, "d", "none", 7)) == 6
    assert document.line(("nowhere",)) == 1


def test_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    """A file saved by an editor that writes a byte order mark reads the same."""
    assert data(tmp_path, "\ufeffa: 1\n") == {"a": 1}


def test_windows_line_ends_keep_their_lines(tmp_path: Path) -> None:
    """Lines are counted right when they end with carriage return and line feed."""
    assert refused(tmp_path, b"a: 1\r\nb: 2\r\na: 3\r\n").line == 3


def read_bytes(content: bytes) -> Document | ContentError:
    """What reading a real file of that content gives."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.yaml"
        path.write_bytes(content)
        try:
            return read(path)
        except ContentError as error:
            return error


YAML_LIKE = st.text(st.sampled_from(list("ab:-?[]{}#&*!|>'\"%@`, \n\t0.\u00e9\u2028\x85")), max_size=80)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=200), YAML_LIKE.map(str.encode), st.text(max_size=80).map(str.encode)))
def test_any_bytes_give_a_document_or_problems(content: bytes) -> None:
    """Whatever the bytes, the reader gives a document or problems with lines inside the file; nothing else escapes."""
    result = read_bytes(content)
    if isinstance(result, ContentError):
        lines = len(content.splitlines()) + 2
        assert result.problems
        assert all(0 <= problem.line <= lines and problem.what for problem in result.problems)


WORDS = st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"]), max_size=12)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_plain_data_survives_the_file(tree: object) -> None:
    """JSON is YAML: what another program writes as JSON is read back as it was."""
    text = json.dumps(tree, ensure_ascii=False)
    result = read_bytes(text.encode())
    assert isinstance(result, Document), result
    assert result.data == tree


def test_syntax_problem_names_the_line() -> None:
    """Snippets of YAML are checked for syntax alone: tags, aliases and several documents are fine there."""
    assert syntax_problem("a: &x 1\nb: *x\n---\nc: !ref d\n") == ""
    assert syntax_problem("a: [1\nb: 2\n").startswith("line 2: ")


def test_pure_python_parser_reads_the_same(tmp_path: Path) -> None:
    """Without the C parser of PyYAML the reader gives the same data and the same refusals."""
    (tmp_path / "good.yaml").write_text("a: {b: [1, two]}\n", encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("[" * 100_000, encoding="utf-8")
    code = (
        "import sys, yaml\ndel yaml.CSafeLoader\nfrom pathlib import Path\nfrom tutor import yamlfile\n"
        "from tutor.errors import ContentError\nassert yamlfile._Loader is yaml.SafeLoader\n"
        "print(yamlfile.read(Path('good.yaml')).data)\n"
        "try:\n    yamlfile.read(Path('bad.yaml'))\nexcept ContentError as error:\n    print(error.problems[0].what)\n"
    )
    root = str(Path(__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": root}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["{'a': {'b': [1, 'two']}}", "is nested more than 24 levels deep; flatten it"]
