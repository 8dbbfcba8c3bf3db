"""Lines of the logs of a running lab that fit what is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs.sitting import Learner, learner
from tutor.errors import MachineError, UsageError
from tutor.labs.engine.base import LogLine


@pytest.fixture
def ana(tmp_path: Path) -> Iterator[Learner]:
    """A learner who has just started the lab, whose services have written some lines."""
    for made in learner(tmp_path):
        list(made.session().start())
        for part, text, correlation in (("orders", "placed", "c0ffee11"), ("users", "logged in", "c0ffee22")):
            fields = {"message": text, "correlation_id": correlation, "trace_id": correlation * 4}
            at = made.now()
            made.project.lines.append(LogLine(part, f"{part}-1", at, f"{text} {correlation}", fields))
        yield made


def texts(ana: Learner, *parts: str, words: str = "") -> list[str]:
    """What the lines say."""
    return [line.text for line in ana.session().lines(parts, words)]


def test_lines_are_of_all_parts_or_of_some(ana: Learner) -> None:
    """In the order of time, and no more than wanted."""
    assert texts(ana)[-2:] == ["placed c0ffee11", "logged in c0ffee22"]
    assert texts(ana, "orders") == ["starting", "placed c0ffee11"]
    assert len(ana.session().lines(limit=1)) == 1


def test_words_are_an_id_or_a_piece_of_text(ana: Learner) -> None:
    """A correlation id, a trace id, a piece of either, a word in any case; nothing fits nothing."""
    for words in ("c0ffee11", "c0ffee11" * 4, "ffee11", "PLACED"):
        assert texts(ana, words=words) == ["placed c0ffee11"], words
    assert texts(ana, "users", words="placed") == [] and texts(ana, words="nowhere") == []


def test_trouble_is_a_sentence(ana: Learner) -> None:
    """An engine that is gone, and a lab that does not run."""
    ana.world.broken = "The engine is gone."
    with pytest.raises(MachineError, match="The logs cannot be read: The engine is gone"):
        ana.session().lines()
    ana.world.broken = ""
    list(ana.session().stop())
    with pytest.raises(UsageError, match="not running"):
        ana.session().lines()
