"""`tutor lab` where nothing runs: lists, pages, and one clear sentence for everything that cannot be done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Tutor
from tutor.cli.lablists import where
from tutor.cli.labnews import narration
from tutor.labs.news import Briefed, Endpoint
from tutor.paths import DEFAULT_PACK, bundled_content, lab_ids

WEEK = str(bundled_content() / DEFAULT_PACK)
NOWHERE = {"DOCKER_HOST": "unix:///nowhere/docker.sock", "TUTOR_CONTENT": WEEK}


def test_every_lab_is_listed_by_day(tutor: Tutor) -> None:
    """With its level, minutes, engines and what it proves, no line wider than a terminal; as data, too."""
    shown = tutor.ok("lab", "list", TUTOR_CONTENT=WEEK)
    assert all(f"  {lab}  " in shown for lab in lab_ids())
    assert max(map(len, shown.splitlines())) <= 80
    rows = json.loads(tutor.ok("lab", "list", "--json", TUTOR_CONTENT=WEEK))
    assert {row["id"] for row in rows} == lab_ids()
    assert [row["day"] for row in rows] == sorted(row["day"] for row in rows)
    assert all(row["progress"] == "new" and not row["running"] and row["minutes"] >= 15 for row in rows)


def test_the_pages_of_a_lab_need_no_engine(tutor: Tutor) -> None:
    """The incident, the first task and what will be looked at; the debrief; the lab as data."""
    page = tutor.ok("lab", "task", "lost-event", **NOWHERE)
    assert "SEV2" in page and "Step 1 of 2" in page and "What will be looked at:" in page
    assert max(map(len, page.splitlines())) <= 80
    assert "Step 2 of 2" in tutor.ok("lab", "task", "lost-event", "--step", "mend", **NOWHERE)
    unknown = tutor.run("lab", "task", "lost-event", "--step", "mnd", **NOWHERE)
    assert (unknown.returncode, unknown.stdout) == (2, "") and "It has: see, mend" in unknown.stderr
    assert "The picture to keep" in tutor.ok("lab", "debrief", "lost-event", **NOWHERE)
    assert json.loads(tutor.ok("lab", "show", "lost-event", **NOWHERE))["id"] == "lost-event"
    status = tutor.ok("lab", "status", "lost-event", **NOWHERE)
    assert status.startswith("lost-event: absent") and "[ ] Make it impossible" in status


@pytest.mark.parametrize(
    "verb",
    [
        "apply",
        "check",
        "watch",
        "hint",
        "solution",
        "skip",
        "reset",
        "logs",
        "trace",
        "fault broker-down",
        "find where x",
    ],
)
def test_what_needs_a_running_lab_says_how_to_start_it(tutor: Tutor, verb: str) -> None:
    """Exit code 2, on stderr, with the command."""
    words = verb.split()
    named = ["--lab", "lost-event"] if words[0] in ("logs", "trace", "fault", "find") else ["lost-event"]
    done = tutor.run("lab", *words, *named, **NOWHERE)
    assert (done.returncode, done.stdout) == (2, "")
    assert "The lab `lost-event` is not running." in done.stderr and "tutor lab start lost-event" in done.stderr


def test_stopping_what_does_not_run_is_no_error(tutor: Tutor) -> None:
    """There is nothing to remove, and that is said."""
    done = tutor.run("lab", "stop", "lost-event", **NOWHERE)
    assert done.returncode == 0 and "nothing of it runs" in done.stderr


def test_nothing_runs_and_none_is_named(tutor: Tutor) -> None:
    """Exit code 2: there is no lab that could be meant."""
    done = tutor.run("lab", "check", **NOWHERE)
    assert done.returncode == 2 and "No lab is running." in done.stderr


def test_a_name_that_is_nearly_right(tutor: Tutor) -> None:
    """Exit code 2, with the lab that is probably meant."""
    for words in (["start", "lost-evnt"], ["task", "lost-evnt"], ["prove", "lost-evnt"]):
        done = tutor.run("lab", *words, **NOWHERE)
        assert done.returncode == 2 and "Did you mean `lost-event`?" in done.stderr


def test_without_an_engine_a_lab_says_what_to_do(tutor: Tutor) -> None:
    """Exit code 4, the endpoint that was tried, and nothing is left behind."""
    done = tutor.run("lab", "start", "lost-event", "--engine", "docker", **NOWHERE)
    assert done.returncode == 4 and "Traceback" not in done.stderr
    assert "/nowhere/docker.sock" in done.stderr
    assert not (tutor.home / "labs" / "lost-event").exists()
    assert tutor.run("lab", "prove", **NOWHERE).returncode == 2
    assert tutor.run("lab", "start", "lost-event", "--engine", "podman", **NOWHERE).returncode == 2


def test_a_lab_from_elsewhere_is_checked_before_anything(tutor: Tutor, tmp_path: Path) -> None:
    """A broken one hides none of the others; what it wants outside of its workspace is refused with file and line."""
    lab = tmp_path / "labs" / "thief"
    lab.mkdir(parents=True)
    (lab / "lab.yaml").write_text("format_version: 1\nid: thief\nedit: [../../etc]\n", encoding="utf-8")
    listed = tutor.run("lab", "--labs", str(tmp_path / "labs"), "list", TUTOR_CONTENT=WEEK)
    assert listed.returncode == 0 and "thief/lab.yaml:" in listed.stderr and "lost-event" in listed.stdout
    started = tutor.run("lab", "--labs", str(tmp_path / "labs"), "start", "thief", **NOWHERE)
    assert started.returncode == 3 and "thief/lab.yaml:3" in started.stderr and "Traceback" not in started.stderr


def test_one_lab_is_started_instead_of_one_other(tutor: Tutor) -> None:
    """That it could be is said; instead of several is refused with exit code 2, and they are left as they are."""
    for lab in ("first-flight", "forged-identity"):
        (tutor.home / "labs" / lab).mkdir(parents=True)
        (tutor.home / "labs" / lab / "run.json").write_text("{}", encoding="utf-8")
        said = tutor.run("lab", "start", "lost-event", "--engine", "docker", **NOWHERE).stderr
        assert f"{lab} is running too. With --instead" in said
    done = tutor.run("lab", "start", "lost-event", "--instead", **NOWHERE)
    assert done.returncode == 2 and "2 labs are running: first-flight, forged-identity" in done.stderr
    assert len(list((tutor.home / "labs").glob("*/run.json"))) == 2


def test_start_without_a_name_means_the_running_lab(tutor: Tutor) -> None:
    """As verdicts on a damaged environment say it; with none in progress that is said, with exit code 2."""
    done = tutor.run("lab", "start", **NOWHERE)
    assert done.returncode == 2 and "No lab is running." in done.stderr
    (tutor.home / "labs" / "lost-event").mkdir(parents=True)
    (tutor.home / "labs" / "lost-event" / "run.json").write_text("{}", encoding="utf-8")
    assert "lost-event" in tutor.run("lab", "start", "--engine", "docker", **NOWHERE).stderr


def test_where_everything_is_fits_a_terminal_and_has_the_logins(capsys: pytest.CaptureFixture[str]) -> None:
    """What is long stands on a line of its own, so that nothing else is pushed beyond the edge."""
    dsn = "postgresql://tutor_reader:of-thirty-two-random-characters-@127.0.0.1:27064/orders"
    places = (
        Endpoint("RabbitMQ", "http://127.0.0.1:15672", "exchanges, queues, messages", "shop", "hush"),
        Endpoint("database of orders", dsn, "PostgreSQL, for reading"),
        Endpoint("Redis", "redis://127.0.0.1:6379", "tokens, limits, streams", "", "quiet"),
    )
    where(places)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > 80] == [f"     {dsn}"]
    assert "RabbitMQ: log in as shop with hush" in lines and "Redis: the password is quiet" in lines


def test_the_addresses_of_a_start_stand_below_each_other() -> None:
    """However long the longest name is."""
    pages = (Endpoint("gateway", "http://a", ""), Endpoint("notifications (http)", "http://b", ""))
    lines = narration(Briefed("lost-event", Path("w"), pages, fresh=True)).splitlines()[-2:]
    assert lines == ["  gateway               http://a", "  notifications (http)  http://b"]
