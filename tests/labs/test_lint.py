"""Lint says what is wrong with a lab, where, and what to write instead; a good lab has nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from tests.labs.making import as_yaml, lab_data, small_system, write_files, write_lab
from tutor.labs.library import Library
from tutor.labs.lint import lint
from tutor.labs.lint.given import Links
from tutor.labs.schema import schemas

LINKS = Links(frozenset({"day-44"}), frozenset({"gateway-timeouts"}), frozenset({"breaks-things"}))
Edit = Callable[[dict[str, Any]], object]


class Bench:
    """A lab that an author changes, and what lint says about it."""

    def __init__(self, folder: Path) -> None:
        self.labs = folder / "labs"
        self.system = small_system(folder)
        self.folder = write_lab(self.labs, lab_data())

    def edit(self, edit: Edit) -> None:
        """Change lab.yaml."""
        data = lab_data()
        edit(data)
        write_files(self.folder, {"lab.yaml": as_yaml(data)})

    def write(self, **files: str) -> None:
        """Write other files; `__` stands for a slash."""
        write_files(self.folder, files)

    def said(self) -> list[str]:
        """Each problem, with its file and line, without the way there."""
        found = lint(Library(self.labs).open("small-lab"), self.system, LINKS)
        return [str(problem).replace(f"{self.folder}/", "") for problem in found]

    def line(self, text: str) -> int:
        """The first line of lab.yaml with this text."""
        lines = (self.folder / "lab.yaml").read_text().splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """The small lab, which is good."""
    return Bench(tmp_path)


def test_a_good_lab_has_nothing(bench: Bench) -> None:
    """Or every author would learn to look away."""
    assert bench.said() == []


def test_dead_links_are_found_with_their_lines(bench: Bench) -> None:
    """And what was probably meant."""

    def edit(data: dict[str, Any]) -> None:
        data["topic"] = "day-4"
        data["checklist"] = ["breaks-thing"]
        data["debrief"]["questions"] = ["gateway-timeout", "zzz"]

    bench.edit(edit)
    said = bench.said()
    assert f"lab.yaml:{bench.line('topic:')}: there is no topic `day-4`; did you mean `day-44`?" in said
    assert any("no checklist item `breaks-thing`; did you mean `breaks-things`?" in one for one in said)
    assert any("no question `zzz`; remove it" in one for one in said)


def test_links_are_left_alone_when_nobody_knows_the_pack(bench: Bench) -> None:
    """A lab of one's own belongs to none."""
    bench.edit(lambda data: data.update(topic="elsewhere"))
    assert lint(Library(bench.labs).open("small-lab"), bench.system) == []


def test_files_that_nobody_gets_or_reads_are_found(bench: Bench) -> None:
    """At the start, in the solution, beside lab.yaml, and code that no check calls."""
    bench.write(**{
        "start/services/users/x.py": "", "solution/services/orders/unused.py": "", "notes.txt": "", "probes.py": "",
    })  # fmt: skip
    said = "\n".join(bench.said())
    assert "start/services/users/x.py: is in no folder that `edit` names" in said
    assert "solution/services/orders/unused.py: is copied by no step" in said
    assert "notes.txt: is not read" in said
    assert "probes.py: is called by no check" in said


def test_copies_of_what_is_nowhere_or_may_not_be_edited_are_found(bench: Bench) -> None:
    """At the step whose solution it is."""

    def edit(data: dict[str, Any]) -> None:
        data["steps"][0]["solve"][0]["files"] = ["services/orders/none.py", "services/users/answer.py"]

    bench.edit(edit)
    said = "\n".join(bench.said())
    assert "copies services/orders/none.py, which is neither in solution/ nor in the system" in said
    assert "copies services/users/answer.py, which is in no folder" in said


def test_files_that_cannot_be_read_are_found(bench: Bench) -> None:
    """With their lines: in the start, in solutions, in wrong ones."""
    bench.write(**{"start/services/orders/answer.py": "A = (\n", "wrong/two/services/orders/answer.py": "\n\ndef (:\n"})
    bench.write(**{"start/config/gateway/routes.yaml": "a: [\n"})
    said = "\n".join(bench.said())
    assert "start/services/orders/answer.py:1: SyntaxError" in said
    assert "wrong/two/services/orders/answer.py:3: SyntaxError" in said
    assert "start/config/gateway/routes.yaml:2: is not valid YAML" in said


def test_hostile_files_are_problems_and_no_exceptions(bench: Bench) -> None:
    """Whichever folder they lie in."""
    for folder in ("start", "solution", "wrong", "alternative"):
        (bench.folder / folder).mkdir(exist_ok=True)
        (bench.folder / folder / "link").symlink_to("/etc/passwd")
    said = "\n".join(bench.said())
    for folder in ("start", "solution", "wrong", "alternative"):
        assert f"{folder}/link: is a link" in said


def test_wrong_solutions_are_wanted_and_have_to_fit(bench: Bench) -> None:
    """At least two, each with a required check that stays red, with files that some step copies."""
    wrong: dict[str, Any] = {"about": "x", "red": ["nothing", "shop-is-nice"], "solve": {"elsewhere": []}}
    bench.edit(lambda data: data["steps"][0]["checks"][1].update(id="shop-is-nice", required=False, guard=False))
    bench.write(**{"wrong/two/wrong.yaml": yaml.safe_dump(wrong), "wrong/two/services/orders/other.py": ""})
    bench.write(**{"wrong/none/wrong.yaml": yaml.safe_dump({"about": "x"})})
    bench.write(**{"alternative/sum/alternative.yaml": yaml.safe_dump({"about": "x", "red": ["orders-answers"]})})
    said = "\n".join(bench.said())
    assert "wrong/two/wrong.yaml: names `nothing` in `red`, which is no check" in said
    assert "names `shop-is-nice` in `red`, which is not required" in said
    assert "solves `elsewhere`, which is no step" in said
    assert "has services/orders/other.py beside it, which no step copies" in said
    assert "wrong/none/wrong.yaml: names no check that must fail" in said
    assert "alternative/sum/alternative.yaml: is an alternative" in said


def test_too_few_wrong_solutions_are_found(bench: Bench) -> None:
    """What was never shown to refuse anything may refuse nothing."""
    import shutil

    shutil.rmtree(bench.folder / "wrong" / "two")
    assert any("there are 1 wrong solutions" in one for one in bench.said())


def test_a_lab_has_to_look_from_outside(bench: Bench) -> None:
    """What the learner wrote is not what it does; and each step has something to do."""

    def edit(data: dict[str, Any]) -> None:
        for check in data["steps"][0]["checks"]:
            for key in ("part", "path", "expect", "under"):
                check.pop(key, None)
            check |= {"kind": "file", "path": "services/orders/answer.py", "expect": {"exists": True}, "guard": True}

    bench.edit(edit)
    said = "\n".join(bench.said())
    assert "1 checks look at the running system; write at least 3" in said
    assert "step `mend` has no required check that is no guard" in said


def test_parts_and_tools_that_the_lab_does_not_start_are_found(bench: Bench) -> None:
    """In checks, in what they collect, in solutions; a kind whose tool is missing."""

    def edit(data: dict[str, Any]) -> None:
        checks = data["steps"][0]["checks"]
        checks[0] |= {"part": "payments", "on_fail": {"collect": [{"logs": "inventory"}]}}
        queue = {"kind": "queue", "name": "answers", "expect": {"exists": True}}
        checks[1] = {key: checks[1][key] for key in ("id", "title", "why", "guard")} | queue
        data["steps"][1]["solve"][0]["part"] = "consul"

    bench.edit(edit)
    said = "\n".join(bench.said())
    for part in ("payments", "inventory"):
        assert f"check `orders-answers` looks at {part}, which is not among the parts" in said
    assert "check `shop-is-open` of kind queue asks rabbitmq" in said
    assert "the solution of `note` uses consul" in said


def test_faults_have_to_reach_what_they_hurt(bench: Bench) -> None:
    """Of several instances a service's own endpoint is that of any of them."""
    bench.edit(lambda data: data["system"].update(replicas={"orders": 2}))
    assert any("fault `orders-slow` asks one of several instances" in one for one in bench.said())


def test_an_engine_that_is_left_out_needs_a_reason(bench: Bench) -> None:
    """Or the learner without it would not know why."""
    bench.edit(lambda data: data["system"].pop("engine_note"))
    assert any("does not run on `local`; say why" in one for one in bench.said())


def test_a_lab_for_processes_asks_for_nothing_that_only_containers_have(bench: Bench) -> None:
    """Tools that are no packages, networks to be cut off from, a RabbitMQ that may not be there."""

    def edit(data: dict[str, Any]) -> None:
        data["system"] |= {"engines": ["docker", "local"], "transport": "any"}
        data["system"]["parts"] += ["consul", "rabbitmq"]
        data["faults"].append({"kind": "disconnect", "id": "away", "title": "Cut off", "part": "redis"})
        check = {"id": "waits", "title": "It waits", "why": "Seen.", "kind": "queue", "name": "inventory.orders"}
        data["steps"][0]["checks"].append({**check, "expect": {"exists": True}})

    bench.edit(edit)
    said = "\n".join(bench.said())
    assert "runs on `local`, where there is no consul" in said
    assert "fault `away` cuts a part off, which `local` cannot" in said
    assert "check `waits` looks into RabbitMQ, and `transport: any` may run without one" in said


def test_a_step_may_not_keep_the_learner_waiting(bench: Bench) -> None:
    """What runs together counts once, groups and loads one after another."""

    def edit(data: dict[str, Any]) -> None:
        checks = data["steps"][0]["checks"]
        checks[0]["eventually"] = {"within": "30s"}
        checks[1]["eventually"] = {"within": "30s"}
        checks[2]["consistently"] = {"for": "20s"}

    bench.edit(edit)
    assert bench.said() == []
    load = {"id": "steady", "title": "Steady", "why": "Load.", "kind": "load", "path": "/api/products", "rps": 5}

    def more(data: dict[str, Any]) -> None:
        edit(data)
        data["steps"][0]["checks"].append({**load, "for": "15s", "expect": {"error_rate": 0}})

    bench.edit(more)
    assert any("the checks of `mend` may take 65 s; keep it to 60 s" in one for one in bench.said())


def test_variables_have_to_be_set_before(bench: Bench) -> None:
    """By a check that is needed, however indirectly, by an account, by an earlier request of the solution."""

    def edit(data: dict[str, Any]) -> None:
        first, guard, slow = data["steps"][0]["checks"]
        first["capture"] = {"answer": "json.answer"}
        guard["path"] = "/api/products?like=${answer}&of=${customer.id}"
        slow["path"] = "/answer?was=${answer}&of=${custmer.id}"
        note = data["steps"][1]
        note["checks"][0] |= {"needs": ["answers-when-slow"], "path": "/api/notes/${answer}"}
        note["solve"][0] |= {"path": "/api/notes/${made}", "json": {"text": "${answer} ${lab.started}"}}

    bench.edit(edit)
    said = bench.said()
    assert len(said) == 3
    assert any("`shop-is-open` uses ${answer}, which `orders-answers` captures; write `needs:" in one for one in said)
    assert any("`answers-when-slow` uses ${custmer.id}, which nothing sets" in one for one in said)
    assert any("the solution of `note` uses ${made}, which nothing before it has captured" in one for one in said)


def test_a_comparison_with_the_start_has_to_be_possible_then(bench: Bench) -> None:
    """A check that acts, or that needs what is captured later, cannot be looked at when the lab starts."""

    def edit(data: dict[str, Any]) -> None:
        first, _, slow = data["steps"][0]["checks"]
        first["capture"] = {"answer": "json.answer"}
        slow |= {"path": "/answer?was=${answer}", "expect": {"json": {"answer": {"delta": {"ge": 1}}}}}
        note = data["steps"][1]["checks"][0]
        note |= {"act": True, "expect": {"json": {"count": {"delta": 1}}}}

    bench.edit(edit)
    said = "\n".join(bench.said())
    assert "check `answers-when-slow` compares with the start, when nothing is known as ${answer} yet" in said
    assert "check `note-is-left` acts, so it cannot be looked at when the lab starts" in said


def test_what_is_demanded_by_name_is_in_the_task(bench: Bench) -> None:
    """A queue, an argument, a name among the expected values; a pattern leaves the learner a choice."""
    queue = {
        "kind": "queue",
        "name": "notifications.retry",
        "expect": {"arguments": {"x-dead-letter-exchange": "shop.retry"}},
    }

    def edit(data: dict[str, Any]) -> None:
        data["system"]["parts"].append("rabbitmq")
        check = data["steps"][0]["checks"][0]
        for key in ("part", "path", "expect"):
            check.pop(key)
        check |= queue

    bench.edit(edit)
    said = "\n".join(bench.said())
    assert "demands `notifications.retry`, which the task does not name" in said
    assert "demands `shop.retry`" in said

    def told(data: dict[str, Any]) -> None:
        edit(data)
        data["steps"][0]["task"] += " Declare `notifications.retry`; what it drops goes to shop.retry."

    bench.edit(told)
    assert bench.said() == []

    def free(data: dict[str, Any]) -> None:
        told(data)
        data["steps"][0]["checks"][0]["expect"] = {
            "arguments": {"x-dead-letter-exchange": {"starts_with": "any.thing"}}
        }

    bench.edit(free)
    assert bench.said() == []


def test_what_a_learner_finds_out_is_not_told_before(bench: Bench) -> None:
    """The answer of an `input` check is no hidden requirement; a check that needs it may use it, and no other."""
    asked = {"id": "where", "title": "You know where", "why": "It is asked.", "kind": "input", "prompt": "Where?"}

    def edit(data: dict[str, Any]) -> None:
        checks = data["steps"][0]["checks"]
        checks.insert(0, {**asked, "expect": {"answer": "orders.answers"}})
        checks[1] |= {"needs": ["where"], "path": "/answer?at=${input.where}"}

    bench.edit(edit)
    assert bench.said() == []

    def careless(data: dict[str, Any]) -> None:
        edit(data)
        data["steps"][0]["checks"][1]["needs"] = []

    bench.edit(careless)
    assert any("uses ${input.where}, which `where` captures; write `needs: [where]`" in one for one in bench.said())


def test_what_editors_are_given_fits_a_good_lab(bench: Bench) -> None:
    """The schemas take the small lab and its fixtures, and refuse a key that nobody knows."""
    made = schemas()
    assert set(made) == {"lab.schema.json", "fixture.schema.json"}
    validator = jsonschema_rs.validator_for(made["lab.schema.json"])
    assert validator.is_valid(lab_data())
    assert not validator.is_valid(lab_data(levle="mid"))
    fixture = jsonschema_rs.validator_for(made["fixture.schema.json"])
    assert fixture.is_valid({"about": "x", "red": ["a-check"]})
