"""Each lint rule on one question or file: the bad pack is refused with file and line, the good one passes."""

from __future__ import annotations

import pytest

from tests.content.conftest import QUESTIONS, PackFolder, single
from tutor.content.lint import lint
from tutor.content.lint.figures import diagram_fault

RECAP = "recap/http-caching.yaml"
SCENARIO = "scenarios/slow-news-page.yaml"
RFC = '{title: "RFC 9111, HTTP Caching", url: "https://www.rfc-editor.org/rfc/rfc9111", kind: rfc}'
ARTICLE = RFC.replace("kind: rfc", "kind: article")
OPTION = "Nothing, because an ETag makes a response fresh"
FIXED = "            key = (request.path, language)\n"


def found(pack: PackFolder) -> list[tuple[str, int, str]]:
    """File, line and sentence of everything that lint finds."""
    return [(str(one.file.relative_to(pack.folder)), one.line, one.what) for one in lint(pack.folder)]


CASES = [
    pytest.param(QUESTIONS, RFC, ARTICLE, "    sources:", "no source is authoritative", id="question-source"),
    pytest.param(RECAP, RFC, ARTICLE, "    sources:", "no source is authoritative", id="section-source"),
    pytest.param(
        QUESTIONS,
        OPTION,
        OPTION + ", and then some more words to make it long",
        "    options:",
        "factor of 1.6",
        id="option-length",
    ),
    pytest.param(QUESTIONS, OPTION, "None of the above is what it sends", "None of the above", "sums up", id="none-of"),
    pytest.param(QUESTIONS, OPTION, "Either way, both of the options work", "both of", "sums up", id="both-of"),
    pytest.param(
        QUESTIONS, "Length says little", "Like option B, length says", "Like option B", "'option B'", id="letter"
    ),
    pytest.param(
        QUESTIONS,
        "why: Freshness and validation",
        "why: Unlike the first option, freshness and validation",
        "the first option",
        "'first option'",
        id="position",
    ),
    pytest.param(
        QUESTIONS, "prompt: Fill the gaps.", "prompt: Is it stale?", "[stale]", "'stale' can be read", id="view"
    ),
    pytest.param(
        QUESTIONS,
        "[conditional request, if-none-match, revalidate]",
        "[asks again]",
        "[asks again]",
        "no phrase reveals key point `conditional` in `model_answer`",
        id="hidden-point",
    ),
    pytest.param(
        SCENARIO,
        "[hit ratio, hit rate]",
        "[cache efficiency]",
        "[cache efficiency]",
        "no phrase reveals key point `hit-ratio` in `strong_answer`",
        id="hidden-stage-point",
    ),
    pytest.param(QUESTIONS, "[max-age,", "[ask the server,", "[ask the server", "stands in the question", id="prompt"),
    pytest.param(QUESTIONS, "[max-age,", '["->", max-age,', '["->"', "holds no word", id="wordless"),
    pytest.param(RECAP, "sequenceDiagram\n", "pie\n", "diagram:", "must start with", id="diagram-kind"),
    pytest.param(RECAP, "Cache->>Server: GET", "Cache to Server GET", "diagram:", "not fully understood", id="unread"),
    pytest.param(RECAP, "GET, If-None-Match", "GET " * 30, "diagram:", "columns wide (at most 76)", id="wide"),
    pytest.param(
        QUESTIONS, FIXED, FIXED.rstrip() + ")\n", "      text: |", "the python code does not parse", id="python"
    ),
    pytest.param(QUESTIONS, FIXED, "            key = request.path\n", "fixed:", "the same as `code`", id="unrepaired"),
    pytest.param(
        RECAP, "return age < max_age", "return age < max_age  # " + "x" * 60, "text: |", "break it at 76", id="76"
    ),
    pytest.param(RECAP, "language: python", "language: json", "text: |", "the json code does not parse", id="json"),
    pytest.param(RECAP, "text: |\n", "text: |\n        a: [\n", "text: |", "does not parse", id="broken"),
    pytest.param(RECAP, "      - caching-lifetime\n", "", "id: caching-lifetime", "nothing leads to", id="orphan"),
    pytest.param(
        RECAP,
        "Most answers change",
        "A circuit breaker opens after 5 failures. Most answers change",
        "opens after 5",
        "teaches that a breaker opens after five failures",
        id="wrong-claim",
    ),
]


@pytest.mark.parametrize(("name", "old", "new", "at", "says"), CASES)
def test_bad_pack_is_refused_and_the_mended_one_passes(
    pack: PackFolder, name: str, old: str, new: str, at: str, says: str
) -> None:
    """The rule names the file and the line of the mistake; without the mistake the pack is clean."""
    assert found(pack) == []
    good = pack.text(name)
    pack.replace(name, old, new)
    problems = found(pack)
    lines = [number for number, line in enumerate(pack.text(name).splitlines(), start=1) if at in line]
    hits = [(file, line) for file, line, what in problems if says in what]
    other = QUESTIONS if says == "nothing leads to" else name
    if other != name:
        lines = [pack.line(other, at)]
    assert len(hits) == 1, problems
    assert hits[0][0] == other
    assert hits[0][1] in lines
    pack.write(name, good)
    assert found(pack) == []


def test_section_without_questions_is_refused(pack: PackFolder) -> None:
    """A section that leads to no question is named, and so is each question that only it led to."""
    text = pack.text(RECAP)
    start, end = text.index("    questions:"), text.index("    sources:")
    pack.write(RECAP, text[:start] + text[end:])
    problems = found(pack)
    (section,) = (one for one in problems if one[2].startswith("section `freshness` leads to no question; add "))
    assert section[:2] == (RECAP, pack.line(RECAP, "id: freshness"))
    assert sum("nothing leads to question" in what for _, _, what in problems) == 6


def test_answer_beside_a_listed_near_miss_is_a_choice(pack: PackFolder) -> None:
    """An answer that the text offers together with a listed near miss gives nothing away."""
    pack.replace(QUESTIONS, "prompt: Fill the gaps.", "prompt: Is it fresh or stale?")
    pack.replace(QUESTIONS, "{text: expired cookie,", "{text: fresh,")
    assert found(pack) == []


def test_number_that_is_worked_out_may_stand_in_the_text(pack: PackFolder) -> None:
    """A numeric gap is calculated, so the same number elsewhere gives nothing away."""
    pack.replace(QUESTIONS, "prompt: Fill the gaps.", "prompt: Fill the gaps, 300 is one of them.")
    assert found(pack) == []


def test_fault_on_a_blank_line_is_refused(pack: PackFolder) -> None:
    """A faulty line that is blank is counted wrong."""
    pack.replace(
        QUESTIONS, "        def page(cache, request, render):\n", "\n        def page(cache, request, render):\n"
    )
    pack.replace(QUESTIONS, "- line: 3", "- line: 1")
    pack.replace(QUESTIONS, "      text: |\n\n        def page", "      text: |2\n\n        def page")
    assert any("that line is blank" in what for _, _, what in found(pack)), found(pack)


@pytest.mark.parametrize("changed", ["", "Once more: ", "IN SHORT, "])
def test_twins_are_refused(pack: PackFolder, changed: str) -> None:
    """The same prompt again, word for word or nearly, is refused and names the earlier question."""
    words = " ".join(f"word{number}" for number in range(40))
    bank = [single(1, prompt=f"{words}?"), single(2, prompt=f"{changed}{words}."), single(3)]
    pack.add_bank(bank)
    ((file, line, what),) = found(pack)
    second = pack.line("questions/bank.yaml", "id: bank-2")
    assert (file, second < line < second + 5) == ("questions/bank.yaml", True)
    assert what.startswith("asks nearly the same as `bank-1` (bank.yaml:")


def test_prompts_that_differ_in_what_they_ask_are_no_twins(pack: PackFolder) -> None:
    """Sharing a long opening is fine as long as a fifth of the shingles differs."""
    words = " ".join(f"word{number}" for number in range(20))
    pack.add_bank([single(1, prompt=f"{words} when it rains?"), single(2, prompt=f"{words} and who pays then?")])
    assert found(pack) == []


def test_same_words_over_different_code_are_no_twins(pack: PackFolder) -> None:
    """What is asked about code is told apart by the code."""
    code = [
        {"language": "python", "text": " + ".join(f"{name}{n}" for n in range(9)) + "\n"} for name in ("one", "two")
    ]
    pack.add_bank([single(n, prompt="What does this print?", code=code[n - 1]) for n in (1, 2)])
    assert found(pack) == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("questions/more.yml", "is not read; rename it to more.yaml"),
        ("pack.yml", "is not read; rename it to pack.yaml"),
        ("more.yaml", "is not read; move it into recap/, questions/ or scenarios/"),
        ("questions/notes.txt", "is not read; remove it, or keep it outside the pack"),
        ("questions/deep/more.yaml", "is not read; move its files up into questions/"),
        ("labs/lab.yaml", "is not read; a pack has the folders recap/, questions/, scenarios/"),
    ],
)
def test_files_that_nothing_reads_are_named(pack: PackFolder, name: str, says: str) -> None:
    """A file in the wrong place or with the wrong ending is not passed over in silence."""
    pack.write(name, "a: 1\n")
    ((file, line, what),) = found(pack)
    assert name.startswith(file)
    assert (line, what[: len(says)]) == (0, says)


def test_readme_license_and_hidden_files_are_welcome(pack: PackFolder) -> None:
    """What belongs to a folder without being content is left alone."""
    for name in ("README.md", "LICENSE", ".gitignore", "questions/.gitkeep"):
        pack.write(name, "x\n")
    assert found(pack) == []


def test_pack_that_does_not_load_gives_the_problems_of_the_loader(pack: PackFolder) -> None:
    """Lint never raises for content: what the loader refuses is listed, beside stray files."""
    pack.write("tips.yaml", "tips: [\n")
    pack.write("extra.txt", "x")
    assert [(file, line) for file, line, _ in found(pack)] == [("extra.txt", 0), ("tips.yaml", 2)]


def test_folder_that_does_not_exist_is_a_problem(pack: PackFolder) -> None:
    """A wrong path gives a sentence too."""
    (problem,) = lint(pack.folder / "nowhere")
    assert "cannot be read" in problem.what


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("graph TD\n  A[One] -->|yes| B[(Two)]\n  subgraph s\n    C & D --> B\n  end", ""),
        ("sequenceDiagram\n  participant A\n  A->>B: hi\n  Note over A,B: wait\n  alt x\n  B-->>A: no\n  end", ""),
        ("graph TD\n  this line means nothing", "not understood near"),
        ("graph TD\n  A[open --> B", "not understood near"),
        ("graph TD\n", "draws nothing"),
        ("sequenceDiagram\n", "draws nothing"),
        ("graph\n A --> B", "must start with"),
        ("", "must start with"),
        ("graph TD\n" + "\n".join(f"  A{n} --> A{n + 1}" for n in range(20)), "lines high (at most 60)"),
        ("graph LR\n" + "\n".join(f"  A{n} --> A{n + 1}" for n in range(20)), "columns wide"),
        ("graph LR\n" + "\n".join(f"  A{n} --> A{n + 1}" for n in range(90)), "more than 80 lines"),
    ],
)
def test_diagram_is_drawn_whole_or_refused(text: str, says: str) -> None:
    """What termaid understands and an 80-column terminal holds passes; the rest is told what to do."""
    fault = diagram_fault(text)
    assert (says in fault) if says else not fault, fault
