"""The compiled cache: it may be stale, corrupt, unwritable or shared, and the learner notices nothing but time."""

from __future__ import annotations

import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.content.conftest import QUESTIONS, PackFolder
from tutor.content.bodies import bodies_of, index_of
from tutor.content.compiled import KEEP, Compiled, Stale, content_key, to_bytes
from tutor.content.files import pack_files
from tutor.content.index import Index
from tutor.content.library import Library
from tutor.content.models.question import QuestionBody, QuestionFile
from tutor.content.source import read_pack
from tutor.errors import ContentError, UsageError

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "tutor/content/starter_pack"


def cache_files(cache: Path) -> list[Path]:
    """The compiled packs in the cache directory."""
    return sorted((cache / "packs").glob("*"))


def test_library_gives_what_the_files_hold(pack: PackFolder, tmp_path: Path) -> None:
    """Every piece read through the cache equals the piece read from its file, at once and on the second opening."""
    source = read_pack(pack.folder)
    for _ in range(2):
        library = Library(pack.folder, tmp_path / "cache")
        assert library.index == index_of(source)
        assert [library.question(one.content.id) for one in source.questions] == [
            one.content for one in source.questions
        ]
        assert library.recap("http-caching") == source.recaps[0].content
        assert library.scenario("slow-news-page") == source.scenarios[0].content
        assert library.tips() == [one.content for one in source.tips]


def test_unknown_ids_are_usage_errors(pack: PackFolder, tmp_path: Path) -> None:
    """Asking for an id that does not exist names one that is close."""
    library = Library(pack.folder, tmp_path / "cache")
    with pytest.raises(UsageError, match="Did you mean `caching-explain`"):
        library.question("caching-explian")
    for ask in (library.recap, library.scenario, library.tip):
        with pytest.raises(UsageError, match="This pack has no"):
            ask("zzz")


def test_changed_content_is_compiled_again(pack: PackFolder, tmp_path: Path) -> None:
    """An edit shows on the next opening, even one that keeps the size and the time of the file."""
    cache = tmp_path / "cache"
    Library(pack.folder, cache)
    before = pack.path("tips.yaml").stat()
    pack.replace("tips.yaml", "Ask for numbers", "Ask for Numbers")
    os.utime(pack.path("tips.yaml"), ns=(before.st_atime_ns, before.st_mtime_ns))
    assert Library(pack.folder, cache).tip("ask-for-numbers").title == "Ask for Numbers"
    assert len(cache_files(cache)) == 2


def test_new_renamed_and_removed_files_are_noticed(pack: PackFolder, tmp_path: Path) -> None:
    """The key covers names as well as bytes."""
    keys = {content_key(pack.folder, pack_files(pack.folder))}
    pack.path(QUESTIONS).rename(pack.path("questions/other.yaml"))
    keys.add(content_key(pack.folder, pack_files(pack.folder)))
    pack.path("tips.yaml").unlink()
    keys.add(content_key(pack.folder, pack_files(pack.folder)))
    assert len(keys) == 3


def test_pack_that_breaks_is_refused_in_spite_of_the_cache(pack: PackFolder, tmp_path: Path) -> None:
    """A cache of the valid pack never hides that the pack is broken now."""
    Library(pack.folder, tmp_path / "cache")
    pack.write("tips.yaml", "tips: [\n")
    with pytest.raises(ContentError):
        Library(pack.folder, tmp_path / "cache")


def test_old_compiled_packs_are_deleted(pack: PackFolder, tmp_path: Path) -> None:
    """However often content changes, the cache keeps a handful of packs."""
    for number in range(KEEP + 4):
        pack.replace("pack.yaml", "title: ", f"title: {number}")
        Library(pack.folder, tmp_path / "cache")
    assert len(cache_files(tmp_path / "cache")) == KEEP


@pytest.mark.parametrize("place", ["file", "read-only", "under-file"])
def test_cache_that_cannot_be_written_costs_only_time(pack: PackFolder, tmp_path: Path, place: str) -> None:
    """With a file in place of the cache directory, or a read-only one, the pack opens all the same."""
    cache = tmp_path / "cache"
    if place == "file":
        cache.write_text("not a folder")
    elif place == "under-file":
        cache.mkdir()
        (cache / "packs").write_text("not a folder")
    else:
        cache.mkdir(mode=0o500)
    assert Library(pack.folder, cache).question("caching-explain").id == "caching-explain"


def test_cache_file_that_is_a_folder_is_passed_over(pack: PackFolder, tmp_path: Path) -> None:
    """A folder where the compiled file should be is left alone."""
    cache = tmp_path / "cache"
    Library(pack.folder, cache)
    (file,) = cache_files(cache)
    file.unlink()
    file.mkdir()
    assert Library(pack.folder, cache).index.entries
    assert file.is_dir()


def test_body_damaged_while_open_is_compiled_again(pack: PackFolder, tmp_path: Path) -> None:
    """When bytes go bad under an open library, the next piece is read from the content itself."""
    cache = tmp_path / "cache"
    Library(pack.folder, cache)
    library = Library(pack.folder, cache)
    (file,) = cache_files(cache)
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 3])
    assert library.tip("ask-for-numbers").id == "ask-for-numbers"
    assert library.question("caching-explain").id == "caching-explain"
    assert cache_files(cache)[0].read_bytes() == data


def compiled_starter() -> tuple[bytes, str, Index]:
    """The starter pack as a compiled file, its key, and its index."""
    source = read_pack(STARTER)
    key = content_key(STARTER, pack_files(STARTER))
    index = index_of(source)
    return to_bytes(index, bodies_of(source), key), key, index


DATA, KEY, INDEX = compiled_starter()
BODIES = {(kind, id_): raw for kind, id_, raw in bodies_of(read_pack(STARTER))}


def read_all(data: bytes) -> None:
    """Open the compiled bytes and read everything; whatever is given must be what was written."""
    try:
        compiled = Compiled(lambda: BytesIO(data), KEY)
    except Stale:
        return
    assert compiled.index == INDEX
    for (kind, id_), raw in BODIES.items():
        try:
            assert compiled.body(kind, id_) == raw
        except Stale:
            continue


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(DATA) - 1), st.integers(1, 255)), min_size=1, max_size=3))
def test_flipped_bytes_are_noticed(flips: list[tuple[int, int]]) -> None:
    """Bytes changed anywhere in the file are noticed before anything of it is shown."""
    damaged = bytearray(DATA)
    for place, mask in flips:
        damaged[place] ^= mask
    read_all(bytes(damaged))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 400), st.integers(1, 255))
def test_flipped_bytes_of_the_head_are_noticed(place: int, mask: int) -> None:
    """The first line, which says how to read the rest, is not trusted either."""
    damaged = bytearray(DATA)
    damaged[place] ^= mask
    read_all(bytes(damaged))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(DATA) - 1), st.binary(max_size=40))
def test_cut_and_padded_files_are_noticed(length: int, tail: bytes) -> None:
    """A file cut anywhere, with anything behind the cut, is noticed."""
    read_all(DATA[:length] + tail)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_foreign_files_are_stale(data: bytes) -> None:
    """A file of anything else is stale, never an error of another kind."""
    with pytest.raises(Stale):
        Compiled(lambda: BytesIO(data), KEY)


@pytest.mark.parametrize(
    "head",
    [
        b"[]",
        b"7",
        b"{}",
        b"[" * 900,
        b'{"magic":"tutor-pack-1","key":"%b","index":1e400,"crc":0}' % KEY.encode(),
        b'{"magic":"tutor-pack-1","key":"%b","index":9999999999999999999999,"crc":0}' % KEY.encode(),
        b'{"magic":"tutor-pack-1","key":"%b","index":-1,"crc":0}' % KEY.encode(),
        b'{"magic":"tutor-pack-1","key":"%b","index":2,"crc":2745614147}' % KEY.encode(),
        b"x" * 5_000_000,
    ],
)
def test_absurd_heads_are_stale(head: bytes) -> None:
    """A head that asks for the impossible is refused without allocating what it asks for."""
    with pytest.raises(Stale):
        Compiled(lambda: BytesIO(head + b"\n{}"), KEY)


def test_cache_damaged_on_disk_is_written_again(pack: PackFolder, tmp_path: Path) -> None:
    """A damaged cache file gives the right content and is replaced by a good one."""
    cache = tmp_path / "cache"
    Library(pack.folder, cache)
    (file,) = cache_files(cache)
    good = file.read_bytes()
    for bad in (b"", good[:50], good[:-1], bytes(len(good)), b"x" + good):
        file.write_bytes(bad)
        library = Library(pack.folder, cache)
        assert [library.question(entry.id).id for entry in library.index.entries]
        assert library.tips()
    assert cache_files(cache) == [file]


def test_many_processes_compile_at_once(pack: PackFolder, tmp_path: Path) -> None:
    """Processes that compile the same pack into one cache all succeed and leave one good file."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom tutor.content.library import Library\n"
        "for _ in range(3):\n"
        "    library = Library(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "    print(len([library.question(entry.id) for entry in library.index.entries]))\n"
    )
    command = [sys.executable, "-c", code, str(pack.folder), str(tmp_path / "cache")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        for _ in range(4)
    ]
    for process in running:
        out, err = process.communicate(timeout=120)
        assert (out, err) == ("8\n8\n8\n", "")
    assert len(cache_files(tmp_path / "cache")) == 1


def test_opening_a_compiled_pack_needs_neither_yaml_nor_pydantic(pack: PackFolder, tmp_path: Path) -> None:
    """With a compiled pack at hand, the index is read without loading a parser or a model."""
    Library(pack.folder, tmp_path / "cache")
    code = (
        "import sys\nfrom pathlib import Path\nfrom tutor.content.library import Library\n"
        "assert Library(Path(sys.argv[1]), Path(sys.argv[2])).index.entries\n"
        "print(sorted({'yaml', 'pydantic', 'rapidfuzz', 'termaid'} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", code, str(pack.folder), str(tmp_path / "cache")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "[]\n"


LINE = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=30)
TEXT = st.text(min_size=1, max_size=60).filter(lambda text: text.strip())
SOURCES = [{"title": "T", "url": "https://example.org/", "kind": "docs"}]


def question(kind: str, **own: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Valid questions of one kind with wild text."""
    return st.fixed_dictionaries(
        {
            "id": st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,3}", fullmatch=True),
            "kind": st.just(kind),
            "topic": st.just("t"),
            "level": st.sampled_from(["junior", "mid", "senior"]),
            "prompt": TEXT,
            "why": TEXT,
            "sources": st.just(SOURCES),
            **own,
        },
        optional={"interviewer_note": TEXT, "diagram": TEXT},
    )


def options(right: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Four options of which the first `right` are right."""
    texts = st.lists(LINE, min_size=4, max_size=4, unique_by=lambda text: text.strip().casefold())
    return texts.map(
        lambda found: [{"text": text, "why": "w", "correct": number < right} for number, text in enumerate(found)]
    )


BLANKS = [{"accept": ["1e2"], "tolerance": 0.1, "unit": "s", "reject": [{"text": "2", "why": "w"}]}]
CODE = {"language": "python", "text": "  indented\n\n\ttab \n"}
QUESTIONS_OF_ANY_KIND = st.one_of(
    question("single", options=options(1)),
    question("multi", options=options(2)),
    question("cloze", text=LINE.map(lambda text: f"{text.replace('{', '')} {{{{1}}}}"), blanks=st.just(BLANKS)),
    question("order", sequence=st.just(["a", ["b", "c"], "d"])),
    question("spot", code=st.just(CODE), fixed=st.just(CODE), faults=st.just([{"line": 1, "why": "w", "fix": "f"}])),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(QUESTIONS_OF_ANY_KIND, min_size=1, max_size=3, unique_by=lambda one: one["id"]))
def test_valid_questions_survive_the_compiled_file(raw: list[dict[str, Any]]) -> None:
    """A question goes through the compiled file without losing or changing anything, whatever its text holds."""
    questions = QuestionFile.model_validate({"questions": raw}).questions
    bodies = [("question", one.id, QuestionBody(question=one).model_dump_json().encode()) for one in questions]
    data = to_bytes(INDEX, bodies, KEY)
    compiled = Compiled(lambda: BytesIO(data), KEY)
    for one in questions:
        body = compiled.body("question", one.id)
        assert body is not None
        assert QuestionBody.model_validate_json(body).question == one


def test_body_of_other_models_is_compiled_again(pack: PackFolder, tmp_path: Path) -> None:
    """A cache written by a program of the same version with other models (a checkout, before a pull) is no failure."""
    library = Library(pack.folder, tmp_path / "cache")
    index, id_ = library.index, library.index.entries[0].id
    expected = library.question(id_)
    (file,) = cache_files(tmp_path / "cache")
    foreign = [("question", entry.id, b'{"question": {"kind": "riddle"}}') for entry in index.entries]
    file.write_bytes(to_bytes(index, foreign, file.stem))
    assert Library(pack.folder, tmp_path / "cache").question(id_) == expected


def test_content_saved_while_it_is_read_is_not_kept_under_the_old_key(
    pack: PackFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An author who saves meanwhile is read again; who saves each time gets a pack that is not kept."""
    from tutor.content import source

    saves = [1]
    real = source.read_pack

    def while_saving(folder: Path) -> Any:
        whole = real(folder)
        if saves:
            pack.replace("pack.yaml", "title: ", f"title: Edit {saves.pop()} ")
        return whole

    monkeypatch.setattr(source, "read_pack", while_saving)
    assert Library(pack.folder, tmp_path / "cache").index.title == "Edit 1 My first pack"
    assert len(cache_files(tmp_path / "cache")) == 1
    saves.extend((2, 3))
    Library(pack.folder, tmp_path / "never")
    assert cache_files(tmp_path / "never") == []


def test_pipe_in_place_of_the_cache_file_is_replaced(pack: PackFolder, tmp_path: Path) -> None:
    """A pipe would wait for a writer forever; it is not opened."""
    Library(pack.folder, tmp_path / "cache")
    (file,) = cache_files(tmp_path / "cache")
    file.unlink()
    os.mkfifo(file)
    assert Library(pack.folder, tmp_path / "cache").index.title == "My first pack"
    assert file.is_file()
