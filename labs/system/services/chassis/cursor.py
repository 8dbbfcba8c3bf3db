"""Where a page of a list ended, as text that clients hand back.  Pure.

Refuses text it has not made.  It is opaque, not secret: it holds nothing that the page itself did not show, and
the owner is never taken from it, so changing it only moves the reader within their own list.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query

from chassis.problems import Problem

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# The parameter as a route declares it; the pattern is what `encode` makes, so that the contract says it too. It begins
# with a zero byte: 56 bits of microseconds last until the year 4253, and all of them are dates that everybody knows.
Cursor = Annotated[str | None, Query(pattern=r"^A[A-P][A-Za-z0-9_-]{30}$", description="From `next_cursor`")]


class BadCursor(ValueError):
    """This is not a cursor of ours."""


@dataclass(frozen=True)
class Position:
    """The last row of a page, in a list by time and id."""

    created_at: datetime
    id: UUID

    def encode(self) -> str:
        """24 bytes: microseconds and id."""
        microseconds = (self.created_at - _EPOCH) // timedelta(microseconds=1)
        return base64.urlsafe_b64encode(microseconds.to_bytes(8, "big") + self.id.bytes).decode()

    @classmethod
    def decode(cls, text: str) -> Position:
        """The position; raises BadCursor for anything that `encode` does not produce."""
        try:
            raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
            if len(raw) != 24:
                raise BadCursor
            created_at = _EPOCH + timedelta(microseconds=int.from_bytes(raw[:8], "big"))
        except (binascii.Error, UnicodeEncodeError, OverflowError) as error:
            raise BadCursor from error
        return cls(created_at, UUID(bytes=raw[8:]))


def position(cursor: str | None) -> Position | None:
    """Where the page before ended, None for the first page; a 422 for what is no cursor of ours."""
    try:
        return None if cursor is None else Position.decode(cursor)
    except BadCursor:
        raise Problem(422, "Bad cursor", detail="Use next_cursor of an earlier page, unchanged.") from None
