"""A conversation in lines: prompts, commands that start with a colon, text of several lines. Refuses cursor tricks.

Works the same for a terminal, a pipe and a screen reader. What does not fit is asked again, with one sentence why.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from tutor.cli.render import say, shown

T = TypeVar("T")

MAX_TEXT = 20_000
"""Characters kept of a typed text; more is cut off, and said."""

UNKNOWN = "-"
"""What is typed for "I do not know"."""

END = "."

MAX_DIGITS = 6


class Ended(Exception):
    """The learner left with `:quit`, or the input ended."""


class Moved(Exception):
    """A command changed what is being asked, so the prompt at hand is void."""


class Unfit(Exception):
    """A reply does not fit its prompt; the message says what would."""


class Command(NamedTuple):
    """What a word after a colon does; `act` gets the rest of the line, and may raise `Moved`."""

    what: str
    act: Callable[[str], None]


class Dialogue:
    """Asks on stdout and reads from stdin. `commands` are understood at every prompt."""

    def __init__(self, commands: Mapping[str, Command]) -> None:
        self._commands = commands

    def ask(self, prompt: str, parse: Callable[[str], T], how: str) -> T:
        """Ask until `parse` takes the reply. `how` is said on `?`.

        Raises: Ended, Moved.
        """
        while True:
            reply = self._prompt(prompt)
            if self._obeyed(reply, how):
                continue
            try:
                return parse(reply)
            except Unfit as unfit:
                say(str(unfit))

    def bet(self, question: str) -> int:
        """Ask for a confidence; the percent it stands for.

        Raises: Ended, Moved.
        """
        from tutor.study.grading import CONFIDENCE

        words = ", ".join(f"{key} {word} ({percent} %)" for key, (percent, word) in CONFIDENCE.items())
        bets = {str(key): percent for key, (percent, _) in CONFIDENCE.items()}
        return self.ask(f"{question} {words} > ", one_of(bets), f"Give a number from 1 to {len(bets)}.")

    def ticks(self, question: str, most: int, suggested: list[int], how: str) -> list[int]:
        """Ask which of the numbers from 1 to `most` hold; Enter takes the suggested ones.

        Raises: Ended, Moved.
        """
        listed = " ".join(map(str, suggested)) or "none"
        prompt = f"{question} Numbers, or - for none. Enter: the suggested ones ({listed}) > "
        return self.ask(prompt, numbers(most, suggested), how)

    def text(self, how: str, draft: str = "", keep: Callable[[str], None] | None = None) -> str:
        """Several lines, ended by a line with a single dot, or by Ctrl-D. `keep` gets each state of it.

        Raises: Ended when the input ends before; Moved.
        """
        lines = draft.split("\n") if draft else []
        while (line := self._line_of(lines)) is not None:
            if line.strip() != ":clear" and self._obeyed(line, how):
                continue
            if line.strip() == ":clear":
                lines.clear()
            else:
                lines.append(line)
            if keep:
                keep("\n".join(lines)[:MAX_TEXT])
            if [line.strip() for line in lines] == [UNKNOWN]:
                break
        said = "\n".join(lines).strip()
        if len(said) > MAX_TEXT:
            say(f"The text is cut to {MAX_TEXT:,} characters.")
        return said[:MAX_TEXT]

    def _line_of(self, lines: list[str]) -> str | None:
        """The next line of a text, None at its end. On a terminal Ctrl-D ends a text too, and more can be typed."""
        try:
            line = self._prompt("> ")
        except Ended:
            if not (any(line.strip() for line in lines) and sys.stdin is not None and sys.stdin.isatty()):
                raise
            return None
        return None if line.strip() == END else line

    def _prompt(self, prompt: str) -> str:
        say(prompt, end="")
        raw = sys.stdin.readline() if sys.stdin is not None else ""
        if sys.stdin is None or not sys.stdin.isatty():
            say()
        if not raw:
            raise Ended
        return cleaned(raw)

    def _obeyed(self, reply: str, how: str) -> bool:
        """True when the reply was a command, or a call for help, and was dealt with."""
        word, _, rest = reply.strip().partition(" ")
        if reply.strip() == "?":
            self._help(how)
        elif word == ":quit":
            raise Ended
        elif word in self._commands:
            self._commands[word].act(rest.strip())
        elif word.startswith(":") and word[1:].isalpha():
            say(f"There is no command {word}. Type ? for those that there are.")
        else:
            return False
        return True

    def _help(self, how: str) -> None:
        say(how)
        for word, command in self._commands.items():
            say(f"  {word:<10} {command.what}")
        say(f"  {':quit':<10} leave; everything is kept and can be taken up again")


def cleaned(raw: str) -> str:
    """A typed line without its end, control characters (such as a stray arrow key) dropped."""
    return "".join(c for c in raw.rstrip("\r\n") if c == "\t" or c.isprintable())


def whole(word: str) -> int:
    """The number that a word writes; 0 for anything else, and for what no question could have that many of."""
    short = word.isascii() and word.isdigit() and len(word) <= MAX_DIGITS
    return int(word) if short else 0


def numbers(most: int, suggested: list[int] | None = None) -> Callable[[str], list[int]]:
    """A parser of numbers from 1 to `most`: an empty reply takes the suggested ones, `-` none."""

    def parse(reply: str) -> list[int]:
        words = reply.replace(",", " ").split()
        if not words and suggested is not None:
            return suggested
        if words == [UNKNOWN]:
            return []
        if not words or not all(1 <= whole(word) <= most for word in words):
            example = "1" if most == 1 else f"1 {most}"
            raise Unfit(f"Give numbers from 1 to {most}, such as: {example}; or - for none.")
        return sorted(set(map(whole, words)))

    return parse


def one_of(choices: Mapping[str, T], default: T | None = None) -> Callable[[str], T]:
    """A parser of one key of `choices`; an empty reply takes the default."""

    def parse(reply: str) -> T:
        key = reply.strip().casefold()
        if not key and default is not None:
            return default
        if key in choices:
            return choices[key]
        raise Unfit(f"Give one of: {', '.join(choices)}. For help: ?")

    return parse


def quoted(text: str) -> str:
    """Somebody's own words, each line marked as theirs."""
    return "\n".join(f"  | {shown(line)}".rstrip() for line in text.strip().split("\n")) if text.strip() else "  | -"
