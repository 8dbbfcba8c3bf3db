"""What the loader refuses in a pack, and that it says everything at once with file and line."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.content.conftest import QUESTIONS, PackFolder
from tutor.content.models.question import KINDS, QuestionFile
from tutor.content.models.scenario import ScenarioFile
from tutor.content.source import read_pack
from tutor.errors import ContentError
from tutor.validate import validate
from tutor.yamlfile import Document, read

RECAP = "recap/http-caching.yaml"
SCENARIO = "scenarios/slow-news-page.yaml"


def problems(pack: PackFolder) -> list[tuple[str, int, str]]:
    """File, line and sentence of each problem of the pack."""
    with pytest.raises(ContentError) as caught:
        read_pack(pack.folder)
    return [(str(one.file.relative_to(pack.folder)), one.line, one.what) for one in caught.value.problems]


def test_starter_pack_loads(pack: PackFolder) -> None:
    """A valid pack is read whole, with one question of each kind."""
    source = read_pack(pack.folder)
    assert {placed.content.kind for placed in source.questions} == set(KINDS)


@pytest.mark.parametrize(
    ("name", "old", "new", "at", "says"),
    [
        (QUESTIONS, "    level: mid\n", "", "- id: caching-explain", "`level` is missing; add `level: ...`"),
        (QUESTIONS, "level: mid", "levle: mid", "levle: mid", "not a known key; did you mean `level`?"),
        (QUESTIONS, "level: mid", "level: expert", "level: expert", "write one of 'junior', 'mid' or 'senior'"),
        (QUESTIONS, "kind: order", "kind: sort", "id: caching-validation-order", "write one of open, single, multi"),
        (QUESTIONS, "kind: order\n", "level: junior\n", "level: junior", None),
        (QUESTIONS, "weight: 3 ", "weight: 9 ", "weight: 9", "less than or equal to 3"),
        (QUESTIONS, "id: caching-lifetime", "id: Caching_Lifetime", "Caching_Lifetime", "lower-case words joined"),
        (QUESTIONS, "https://www", "http://www", "http://www", "a link that starts with https://"),
        (QUESTIONS, "accept: [stale]", "accept: []", "accept: []", "`accept` has 0 entries; give at least 1"),
        (
            QUESTIONS,
            "called {{2}}",
            "called {{3}}",
            "id: caching-lifetime",
            "`text` must hold each of {{1}}, {{2}} exactly once",
        ),
        (QUESTIONS, "        correct: true\n", "", "caching-stale-response", "exactly one option `correct: true`"),
        (QUESTIONS, "line: 3\n", "line: 30\n", "id: caching-spot-the-key", "fault on line 30, but the code has 6"),
        (QUESTIONS, "tolerance: 0", "tolerance: inf", "tolerance: inf", "finite number"),
        (QUESTIONS, 'accept: ["300"]', "accept: [many]", "accept: [many]", "first accepted answer, not 'many'"),
        (QUESTIONS, "    why: Each step", "    why: [Each]\n    x: Each step", "why: [Each]", "must be text"),
        (RECAP, "topic: http-caching", "topic: http-cashing", "topic: http-cashing", "did you mean `http-caching`?"),
        (RECAP, "- caching-lifetime", "- caching-lifetimes", "caching-lifetimes", "did you mean `caching-lifetime`?"),
        (RECAP, "    traps: ", "    traps: none\n    x-traps: ", "traps: none", "`traps` must be a list"),
        ("tips.yaml", "moment: clarify", "moment: lunch", "moment: lunch", "`moment` cannot be 'lunch'; write one of"),
        ("checklist.yaml", "[slow-news-page]", "[news]", "scenarios: [news]", "there is no scenario `news`"),
        ("pack.yaml", "format_version: 1", "format_version: 2", "format_version: 2", "write one of 1"),
        ("pack.yaml", "format_version: 1", "format_version: true", "format_version:", "must be the number 1"),
        ("pack.yaml", "format_version: 1", "format_version: 1.0", "format_version:", "must be the number 1"),
        (QUESTIONS, "line: 3\n", "line: true\n", "line: true", "`line` is True; it must be a valid integer"),
        (SCENARIO, "weight: 25", "weight: 20", "scenario:", "rubric weights add up to 95; make it 100"),
        (SCENARIO, "tip: ask-for-numbers", "tip: ask", "tip: ask", "there is no tip `ask`"),
        (SCENARIO, "[caching-lifetime]", "[caching]", "feeds: [caching]", "there is no question `caching`"),
    ],
)
def test_mistake_is_named_with_its_line(
    pack: PackFolder, name: str, old: str, new: str, at: str, says: str | None
) -> None:
    """A single mistake gives a sentence at its own line that says what to write instead."""
    pack.replace(name, old, new)
    found = problems(pack)
    assert {file for file, _, _ in found} == {name}
    assert says is None or any(line == pack.line(name, at) and says in what for _, line, what in found), found


def test_everything_wrong_is_said_at_once(pack: PackFolder) -> None:
    """Mistakes in five files, of syntax, shape and type, come in one error, sorted by file and line."""
    pack.write("tips.yaml", "tips: [\n")
    pack.write("checklist.yaml", "- a\n- b\n")
    pack.replace(QUESTIONS, "level: mid", "level: expert")
    pack.replace(QUESTIONS, "kind: multi", "kind: multiple")
    pack.replace(RECAP, "summary:", "sumary:")
    pack.replace("pack.yaml", "title: My first pack", "title: 7")
    found = problems(pack)
    assert [(file, line) for file, line, _ in found] == [
        ("checklist.yaml", 1),
        ("pack.yaml", pack.line("pack.yaml", "title: 7")),
        (QUESTIONS, pack.line(QUESTIONS, "level: expert")),
        (QUESTIONS, pack.line(QUESTIONS, "id: caching-shared-caches")),
        (RECAP, 3),
        (RECAP, pack.line(RECAP, "sumary:")),
        ("tips.yaml", 2),
    ]


def test_ids_taken_in_another_file_are_refused(pack: PackFolder) -> None:
    """Two questions of one id contradict each other, and the sentence says where the first one stands."""
    pack.write("questions/more.yaml", pack.text(QUESTIONS))
    found = problems(pack)
    assert len(found) == len(KINDS)
    first = pack.path(QUESTIONS)
    assert (
        f"question id `caching-explain` is taken by {first}:{pack.line(QUESTIONS, 'id: caching-explain')}"
        in (found[0][2])
    )


def test_second_recap_of_a_topic_is_refused(pack: PackFolder) -> None:
    """A topic has one recap."""
    pack.write("recap/other.yaml", pack.text(RECAP))
    ((file, line, what),) = problems(pack)
    assert (file, line) == ("recap/other.yaml", 3)
    assert what.startswith("recap of topic `http-caching` is taken by")


@pytest.mark.parametrize("content", ["", "# only a comment\n", "- a\n", "just text\n", "12\n"])
def test_file_must_be_a_mapping(pack: PackFolder, content: str) -> None:
    """An empty file, a list and plain text are told with what key to start."""
    pack.write(QUESTIONS, content)
    assert problems(pack) == [(QUESTIONS, 1, "must be a mapping; start it with `questions:`")]


def test_missing_pack_file_is_said(pack: PackFolder) -> None:
    """A folder without pack.yaml is refused in a sentence about that file."""
    pack.path("pack.yaml").unlink()
    assert problems(pack) == [("pack.yaml", 0, "cannot be read: No such file or directory")]


def test_checklist_and_tips_are_optional(pack: PackFolder) -> None:
    """A pack needs neither a checklist nor tips nor scenarios, recap or questions."""
    for name in ("checklist.yaml", "tips.yaml", SCENARIO, RECAP, QUESTIONS):
        pack.path(name).unlink()
    source = read_pack(pack.folder)
    assert (source.checklist, source.tips, source.questions) == ((), (), ())


def test_folder_in_place_of_a_file_is_refused(pack: PackFolder) -> None:
    """A folder named like a content file is not passed over in silence."""
    pack.path("questions/more.yaml").mkdir()
    assert problems(pack) == [("questions/more.yaml", 0, "is not a plain file; put a text file there")]


def test_hidden_files_are_not_content(pack: PackFolder) -> None:
    """What an editor or a desktop leaves behind under a hidden name is nobody's content."""
    pack.write("questions/._http-caching.yaml", b"\x00\x05\x16\x07")
    assert read_pack(pack.folder).questions


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
KEYS = st.sampled_from(
    ["questions", "scenario", "id", "kind", "options", "text", "why", "blanks", "accept", "stages", "sources", "x"]
) | st.text(max_size=4)
TREES = st.recursive(
    SCALARS | st.sampled_from([*KINDS, "junior", "day-43"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=200, deadline=None)
@given(TREES, st.booleans())
def test_any_tree_gives_a_model_or_problems(tree: object, is_question: bool) -> None:
    """Whatever the shape of the data, validation gives a model or sentences; nothing else escapes."""
    wrapped = {"questions": [tree]} if is_question else {"scenario": tree}
    for data in (tree, wrapped):
        document = Document(Path("a.yaml"), data, {(): 1})
        try:
            validate(document, QuestionFile) if is_question else validate(document, ScenarioFile)
        except ContentError as error:
            assert all(problem.what.strip() for problem in error.problems)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_valid_file_with_one_value_replaced(data: st.DataObject) -> None:
    """Any value of a valid file may be replaced by anything: the result is a model or problems with real lines."""
    text = (Path(__file__).parents[2] / "tutor/content/starter_pack" / QUESTIONS).read_text(encoding="utf-8")
    lines = text.splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    key, colon, _ = lines[number].partition(":")
    junk = data.draw(st.sampled_from(["[]", "{}", "7", "''", "null", "{a: [1]}", "[[], {}]", "yes", "-1.5e3", "x"]))
    lines[number] = f"{key}{colon} {junk}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.yaml"
        path.write_text("\n".join(lines), encoding="utf-8")
        try:
            validate(read(path), QuestionFile)
        except ContentError as error:
            assert all(0 < problem.line <= len(lines) + 1 for problem in error.problems)


def test_thousands_of_unknown_keys_give_a_hundred_problems(pack: PackFolder) -> None:
    """Nobody reads more; how many there are is said, and only the first are compared with the known keys."""
    pack.write(QUESTIONS, pack.text(QUESTIONS) + "".join(f"questionz{number}: 1\n" for number in range(2_000)))
    found = problems(pack)
    assert len(found) == 101
    assert any(what == "... and 1900 more in this file" for _, _, what in found)
    assert sum("did you mean" in what for _, _, what in found) == 20


def test_list_is_not_called_empty_because_its_entry_is_wrong(pack: PackFolder) -> None:
    """Only the real problem is said, not one that follows from it."""
    pack.write(QUESTIONS, "questions:\n  - <<: {id: x}\n    kind: single\n")
    assert not [what for _, _, what in problems(pack) if "entries" in what]


def test_a_day_leads_to_one_topic(pack: PackFolder) -> None:
    """Two topics of one day are refused: `tutor recap 1` could not choose."""
    text = pack.text("pack.yaml").replace("    # day: 1", "    day: 1")
    more = "  - {id: other, title: Other, blurb: Other, day: 1}\n"
    pack.write("pack.yaml", text.rstrip() + "\n" + more)
    ((file, line, what),) = problems(pack)
    assert (file, line) == ("pack.yaml", pack.line("pack.yaml", "id: other"))
    assert what == "day 1 is taken by topic `http-caching`; choose another"


def test_more_right_sides_than_a_learner_can_choose_from_are_refused(pack: PackFolder) -> None:
    """A `match` question offers at most twelve right sides."""
    decoys = "".join(f"      - decoy {number}\n" for number in range(9))
    pack.replace(QUESTIONS, "      - must-revalidate\n", "      - must-revalidate\n" + decoys)
    assert any("have 13 right sides; keep it to 12" in what for _, _, what in problems(pack))


def test_code_to_find_a_fault_in_is_short(pack: PackFolder) -> None:
    """A `spot` question shows at most sixty lines."""
    pack.replace(QUESTIONS, "        def page(cache", "        pass\n" * 60 + "        def page(cache")
    assert any("keep it to 60" in what for _, _, what in problems(pack))
