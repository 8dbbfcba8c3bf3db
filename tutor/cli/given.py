"""Shows a question and reads an answer to it, kind by kind. Refuses to show anything that gives the answer away."""

from __future__ import annotations

import re
from collections.abc import Callable
from string import ascii_lowercase
from typing import TYPE_CHECKING

from tutor.cli import prose
from tutor.cli.ask import UNKNOWN, Dialogue, Unfit, whole
from tutor.cli.render import say

if TYPE_CHECKING:
    from tutor.content.models.question import ClozeQuestion, MatchQuestion
    from tutor.study.grading import Given
    from tutor.study.session import Ask

GAP = re.compile(r"\{\{(\d+)\}\}")
_DONT_KNOW = "A single - says that you do not know."
HOW = {
    "open": "Type your answer, as many lines as you like; a line with a single dot ends it, :clear starts over.",
    "single": "Give one letter.",
    "predict": "Give one letter: what happens?",
    "multi": "Give the letters of all that apply, such as: a c",
    "order": "Give the numbers in the right order, such as: 2 1 3",
    "match": "Give each number its letter, such as: 1b 2a",
    "cloze": "Fill one gap per line.",
    "spot": "Give the numbers of the faulty lines, such as: 3 7",
}


def show(ask: Ask, titles: dict[str, str]) -> None:
    """Print a question as it is put; `titles` names the topics."""
    question = ask.question
    again = ", once more" if ask.returning else ""
    say()
    say(f"Question {ask.position} of {ask.total}{again}: {titles.get(question.topic, question.topic)}")
    say(f"({question.kind}, {question.level.value}, id {question.id})")
    say()
    say(prose.plain(question.prompt))
    if question.code:
        say()
        say(prose.code(question.code.text, numbered=question.kind == "spot"))
    shower = _SHOW.get(question.kind)
    if shower:
        say()
        shower(ask)
    say()


def read(dialogue: Dialogue, ask: Ask, draft: str = "", keep: Callable[[str], None] | None = None) -> Given:
    """Ask for an answer until one fits the kind of question; an empty text stands for "I do not know".

    Raises: Ended, Moved.
    """
    kind = ask.question.kind
    how = f"{HOW[kind]} {_DONT_KNOW}"
    if kind == "open":
        say(how)
        while True:
            text = dialogue.text(how, draft, keep)
            if text:
                return "" if text == UNKNOWN else text
            say("Nothing was typed. A single - says that you do not know.")
    if kind == "cloze":
        return _read_gaps(dialogue, ask, how)
    parse = _PARSE[kind]
    return dialogue.ask(f"{HOW[kind]} > ", lambda reply: "" if reply.strip() == UNKNOWN else parse(ask, reply), how)


def letter(place: int) -> str:
    """The letter that stands for a place, counted from 0."""
    return ascii_lowercase[place]


def rights(question: MatchQuestion) -> list[str]:
    """Every right side and decoy, in the order that an arrangement refers to."""
    return [*(pair.right for pair in question.pairs), *question.decoys]


def _read_gaps(dialogue: Dialogue, ask: Ask, how: str) -> Given:
    def parse(reply: str) -> str:
        if not reply.strip():
            raise Unfit("Type what fits the gap, or - to leave it empty.")
        return "" if reply.strip() == UNKNOWN else reply.strip()

    question = ask.question
    assert question.kind == "cloze"
    count = len(question.blanks)
    gaps = [dialogue.ask(f"Gap {number} of {count}{_unit(question, number)} > ", parse, how)
            for number in range(1, count + 1)]  # fmt: skip
    return gaps if any(gaps) else ""


def _unit(question: ClozeQuestion, number: int) -> str:
    unit = question.blanks[number - 1].unit
    return f" (in {unit})" if unit else ""


def _show_options(ask: Ask) -> None:
    options = getattr(ask.question, "options", ())
    for place, index in enumerate(ask.arrangement):
        say(prose.plain(options[index].text, "   ").replace("   ", f"{letter(place)}) ", 1))


def _show_entries(ask: Ask) -> None:
    entries = getattr(ask.question, "entries", ())
    for place, index in enumerate(ask.arrangement, 1):
        say(f"{place}. {entries[index]}")


def _show_pairs(ask: Ask) -> None:
    question = ask.question
    assert question.kind == "match"
    for number, pair in enumerate(question.pairs, 1):
        say(f"{number}. {pair.left}")
    say()
    for place, index in enumerate(ask.arrangement):
        say(f"{letter(place)}) {rights(question)[index]}")


def _show_gaps(ask: Ask) -> None:
    text = getattr(ask.question, "text", "")
    say(prose.plain(GAP.sub(r"[gap \1: ____]", text), "  "))


def _letters(ask: Ask, reply: str) -> list[int]:
    """Indices of the options named by letters in `reply`, as in `a c`, `a,c` or `ac`."""
    given = [c for c in reply.casefold() if not (c.isspace() or c in ",;)")]
    last = letter(len(ask.arrangement) - 1)
    if not given or any(not "a" <= c <= last for c in given):
        raise Unfit(f"Give letters from a to {last}, or - if you do not know.")
    return [ask.arrangement[place] for place in sorted({ascii_lowercase.index(c) for c in given})]


def _one_letter(ask: Ask, reply: str) -> list[int]:
    given = _letters(ask, reply)
    if len(given) != 1:
        raise Unfit("Exactly one is right here: give one letter.")
    return given


def _sequence(ask: Ask, reply: str) -> list[int]:
    count = len(ask.arrangement)
    found = re.findall(r"[0-9]+", reply)
    places = [whole(digit) for digit in (found[0] if len(found) == 1 and len(found[0]) == count else found)]
    if sorted(places) != list(range(1, count + 1)):
        raise Unfit(f"Give each number from 1 to {count} once, in the order you think is right.")
    return [ask.arrangement[place - 1] for place in places]


def _pairs(ask: Ask, reply: str) -> list[str]:
    question = ask.question
    assert question.kind == "match"
    count, last = len(question.pairs), letter(len(ask.arrangement) - 1)
    found = re.findall(r"([0-9]+)\s*[-=:.)]?\s*([a-z])", reply.casefold())
    joined = {whole(number): name for number, name in found}
    if not found or re.sub(r"([0-9]+)\s*[-=:.)]?\s*([a-z])|[\s,;]", "", reply.casefold()):
        raise Unfit("Write pairs of a number and a letter, such as: 1b 2a")
    if len(found) != len(joined) or sorted(joined) != list(range(1, count + 1)):
        raise Unfit(f"Give each number from 1 to {count} exactly one letter.")
    if any(name > last for name in joined.values()):
        raise Unfit(f"The letters go from a to {last}.")
    if len(set(joined.values())) != count:
        raise Unfit("Each letter fits at most one number.")
    sides = rights(question)
    return [sides[ask.arrangement[ascii_lowercase.index(joined[number])]] for number in range(1, count + 1)]


def _lines(ask: Ask, reply: str) -> list[int]:
    question = ask.question
    assert question.kind == "spot"
    last = len(question.code.text.splitlines())
    words = reply.replace(",", " ").split()
    if not words or not all(1 <= whole(word) <= last for word in words):
        raise Unfit(f"Give line numbers from 1 to {last}, or - if you do not know.")
    return sorted(set(map(whole, words)))


_SHOW: dict[str, Callable[[Ask], None]] = {
    "single": _show_options,
    "multi": _show_options,
    "predict": _show_options,
    "order": _show_entries,
    "match": _show_pairs,
    "cloze": _show_gaps,
}
_PARSE: dict[str, Callable[[Ask, str], Given]] = {
    "single": _one_letter,
    "predict": _one_letter,
    "multi": _letters,
    "order": _sequence,
    "match": _pairs,
    "spot": _lines,
}
