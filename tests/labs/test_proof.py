"""A lab is proved or not: each kind of flaw that a lab can have is found, and named."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.labs.engine.inmemory import MemoryEngine, World
from tests.labs.making import as_yaml, lab_data, write_files
from tests.labs.sitting import Learner, learner, only
from tutor.labs.news import Said
from tutor.labs.proof import prove
from tutor.labs.report import Row, table


@pytest.fixture
def author(tmp_path: Path) -> Iterator[Learner]:
    """Somebody who has written the small lab."""
    yield from learner(tmp_path)


def _row(author: Learner, edit: Any = None, **files: str) -> Row:
    """What comes of the proof, after the author has changed the lab."""
    site = author.site()
    folder = author.folder / "labs" / "small-lab"
    if edit is not None:
        data = lab_data()
        edit(data)
        write_files(folder, {"lab.yaml": as_yaml(data)})
        author.changes = data
        site = author.site()
    write_files(folder, {name.replace("__", "/"): text for name, text in files.items()})
    *_, row = prove(site, "docker")
    assert isinstance(row, Row)
    assert author.projects == {}
    return row


def _checks(data: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data["steps"][0]["checks"]
    return found


def test_a_good_lab_is_proved(author: Learner) -> None:
    """All of it holds, and nothing is left."""
    row = _row(author)
    assert row.problems == ()
    assert row.proved
    assert (row.wrong, row.alternatives, row.clean) == ((2, 2), (1, 1), True)
    assert list(author.data.iterdir()) == []


def test_a_proof_is_the_same_the_second_time(author: Learner) -> None:
    """Nothing of the first one is in its way."""
    first, second = _row(author), _row(author)
    assert (first.proved, second.proved) == (True, True)


def test_a_lab_is_proved_on_two_engines_at_once(author: Learner) -> None:
    """Each proof has a folder of its own, and neither is in the other's way."""
    author.changes = {"system": {**lab_data()["system"], "engines": ["docker", "local"]}}
    site = author.site()
    other = MemoryEngine(World(author.folder / "system"))
    other.name = "local"
    site.engines = {**site.engines, "local": other}
    both = zip_longest(prove(site, "docker"), prove(site, "local"))
    rows = [told for pair in both for told in pair if isinstance(told, Row)]
    assert sorted((row.engine, row.proved, row.problems) for row in rows) == [("docker", True, ()), ("local", True, ())]


def test_a_check_that_passes_as_shipped_is_found(author: Learner) -> None:
    """It would let work pass that nobody has done."""

    def edit(data: dict[str, Any]) -> None:
        for one in _checks(data):
            one["expect"] = {"status": 200}

    row = _row(author, edit)
    assert row.shipped is False
    assert "as shipped: `orders-answers` is pass" in row.problems
    assert "as shipped: step `mend` has no required check that fails" in row.problems


def test_a_check_that_is_an_error_as_shipped_is_found(author: Learner) -> None:
    """It would never say anything about the learner."""

    def edit(data: dict[str, Any]) -> None:
        _checks(data)[0]["expect"] = {"json": {"answer": "${nothing}"}}

    row = _row(author, edit)
    assert any("`orders-answers` is error" in problem for problem in row.problems)


def test_a_guard_that_does_not_hold_is_found(author: Learner) -> None:
    """What must go on passing has to pass first."""

    def edit(data: dict[str, Any]) -> None:
        _checks(data)[1]["expect"] = {"status": 404}

    assert any("`shop-is-open` is fail" in problem for problem in _row(author, edit).problems)


def test_a_solution_that_does_not_pass_is_found(author: Learner) -> None:
    """Right work would be refused."""
    row = _row(author, solution__services__orders__answer_py="ANSWER = 1\n")
    assert row.solved
    row = _row(author, **{"solution/services/orders/answer.py": "ANSWER = 4\n"})
    assert (row.solved, row.proved) == (False, False)
    assert any("solved: `orders-answers` is fail (json.answer is 4, not 1)" in problem for problem in row.problems)


def test_a_solution_that_cannot_be_done_is_found(author: Learner) -> None:
    """The proof ends there, says so, and cleans up."""

    def edit(data: dict[str, Any]) -> None:
        data["steps"][1]["solve"][0]["path"] = "/api/nowhere/at/all"

    row = _row(author, edit)
    assert row.solved is None
    assert any("answered with 404" in problem for problem in row.problems)


def test_a_wrong_solution_that_passes_is_found(author: Learner) -> None:
    """Broken work would be taken."""
    row = _row(author, **{"wrong/two/services/orders/answer.py": "ANSWER = 1\n"})
    assert row.wrong == (1, 2)
    assert any(
        problem.startswith("wrong/two: it should fail, and `orders-answers` is pass") for problem in row.problems
    )


def test_an_alternative_that_does_not_pass_is_found(author: Learner) -> None:
    """Right work, done in another way, would be refused."""
    row = _row(author, **{"alternative/sum/services/orders/answer.py": "ANSWER = 2 - 2\n"})
    assert row.alternatives == (0, 1)


def test_another_way_may_do_other_things(author: Learner) -> None:
    """A fixture has actions of its own for a step."""
    other = {"about": "By hand.", "solve": {"note": [{"do": "http", "part": "orders", "method": "PUT",
                                                     "path": "/notes/done", "json": {"text": "mended"}}]}}  # fmt: skip
    assert _row(author, **{"alternative/hand/alternative.yaml": yaml.safe_dump(other)}).alternatives == (2, 2)


def test_a_check_that_is_true_only_once_is_found(author: Learner) -> None:
    """Looked at again, it says something else: one that changes what it looks at."""

    def edit(data: dict[str, Any]) -> None:
        note = data["steps"][1]["checks"][0]
        note |= {"method": "PUT", "act": True, "json": {"text": "seen"}, "path": "/api/notes/done"}
        note["expect"] = {"status": 201}
        _checks(data)[0] |= {"part": "gateway", "path": "/api/notes/done", "expect": {"status": 404}}

    row = _row(author, edit)
    assert not row.proved


def test_an_engine_that_cannot_start_it_is_a_problem(author: Learner) -> None:
    """And no traceback."""
    author.world.up_breaks_at = 2
    row = _row(author)
    assert (row.shipped, row.proved) == (None, False)
    assert row.problems == ("start: users does not start.",)


def test_a_proof_that_is_closed_leaves_nothing(author: Learner) -> None:
    """Ctrl-C in the middle of it."""
    stream = prove(author.site(), "docker")
    for told in stream:
        if isinstance(told, Said) and told.text.endswith("twice"):
            break
    stream.close()  # type: ignore[attr-defined]
    assert author.projects == {}


def test_what_a_killed_proof_has_left_is_removed_first(author: Learner) -> None:
    """Its answers and passed checks would make the next one start solved."""
    killed = prove(author.site(), "docker")
    for told in killed:
        if isinstance(told, Said) and told.text.endswith("twice"):
            break
    assert author.projects != {}
    assert _row(author).proved
    killed.close()  # type: ignore[attr-defined]


def test_what_is_proved_is_a_table(author: Learner) -> None:
    """One line per lab and engine, problems below it."""
    rows = [_row(author), Row("other-lab", "local", shipped=False, problems=("as shipped: x",))]
    lines = table(rows)
    assert lines[0].split()[:2] == ["lab", "engine"]
    assert "small-lab" in lines[2]
    assert "2/2" in lines[2]
    assert "NO" in lines[3]
    assert lines[4].strip() == "as shipped: x"


def test_what_is_told_on_the_way_can_be_shown(author: Learner) -> None:
    """Each stage by its name."""
    stages = [
        one.text.rpartition(": ")[2] for one in only(Said, prove(author.site(), "docker")) if " on docker: " in one.text
    ]
    assert stages == ["start", "as shipped", "solved", "twice", "killed", "reset", "wrong", "alternatives"]
