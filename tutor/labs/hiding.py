"""Keeps secrets out of what is shown: commands name them as shell variables, answers lose them. Refuses to store any.

A secret is known by the name of its variable (`customer.token`, `sql.orders`), or by its looks (a JWT, a private key).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

SHORTEST = 6
"""Characters of the shortest secret: hiding each `1` in a text would make it unreadable, and guard nothing."""

_NAME = re.compile(r"(?i)(^|[._])(token|password|secret|private_key|service_key|api_key|jwt)$|^sql[.]|^identity[.]key$")
_LOOKS = re.compile(
    r"eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*"
    r"|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,20}PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_IN_A_FIELD = re.compile(
    r"(?P<field>\"(?:access_token|refresh_token|token|password|secret|client_secret|private_key)\":\s{0,4})\"[^\"]{4,}\""
)
HIDDEN = "[hidden]"


@dataclass(frozen=True, slots=True)
class Secrets:
    """Secrets by value, each with the shell variable that stands for it."""

    names: Mapping[str, str]

    @classmethod
    def among(cls, *variables: Mapping[str, Any]) -> Self:
        """Those among these variables that are secret."""
        found = {}
        for name, value in ((name, value) for known in variables for name, value in known.items()):
            if isinstance(value, str) and len(value) >= SHORTEST and (_NAME.search(name) or _LOOKS.fullmatch(value)):
                found[value] = re.sub(r"[^A-Z0-9]+", "_", name.upper())
        return cls(found)

    def text(self, text: str) -> str:
        """The text with each secret replaced by its variable, and without what looks like one."""
        for value in self._longest_first():
            text = text.replace(value, f"${self.names[value]}")
        text = _IN_A_FIELD.sub(lambda found: f'{found["field"]}"{HIDDEN}"', text)
        return _LOOKS.sub(HIDDEN, text)

    def word(self, text: str) -> str:
        """The text as one word of a shell, where each secret is a variable that the shell fills in."""
        values = self._longest_first()
        if not values:
            return quoted(text)
        pieces = re.split("(" + "|".join(map(re.escape, values)) + ")", text)
        words = [f'"${self.names[piece]}"' if piece in self.names else quoted(piece) for piece in pieces if piece]
        return "".join(words) or "''"

    def command(self, *words: str) -> str:
        """A command of these words."""
        return " ".join(map(self.word, words))

    def _longest_first(self) -> list[str]:
        return sorted(self.names, key=len, reverse=True)


_MEANS_MORE = set('"$`\\!')
"""What a shell reads inside double quotes as something else than the character."""


def quoted(text: str) -> str:
    """The text as one word of a shell: a query with literals in double quotes, so that it can be read."""
    return f'"{text}"' if "'" in text and not _MEANS_MORE & set(text) else shlex.quote(text)
