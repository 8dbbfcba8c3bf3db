"""The identity of a caller after its proof was checked. Refuses to be built from anything unchecked."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Identity:
    """One authenticated caller: a user (by token) or a service (by API key)."""

    subject: str
    roles: frozenset[str]
    permissions: frozenset[str]
    kind: Literal["user", "service"]
    token_id: str | None = None
    session_id: str | None = None
    expires: int | None = None  # of the token, in epoch seconds: how long a denial of it must be remembered

    def may(self, permission: str) -> bool:
        """Whether the roles of this caller grant the permission."""
        return permission in self.permissions
