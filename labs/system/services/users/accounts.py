"""The table of users. The unit of work is the caller's transaction.

Refuses to look first and insert later, to announce an account in another transaction than its own, and to leave the
shop without an administrator.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import outbox
from chassis.cursor import Position
from chassis.events.contracts import UserRegistered
from chassis.events.envelope import new_event

NAME = "users"
ADMIN = "admin"
CUSTOMER = "customer"

_COLUMNS = "id, email, password_hash, name, phone, device, roles, created_at"
# Of two registrations of one address at once the second waits here for the first to commit, and then has no row.
_INSERT = text(
    "INSERT INTO users (id, email, password_hash, name, phone, device, roles)"
    " VALUES (:id, :email, :password_hash, :name, :phone, :device, CAST(:roles AS text[]))"
    f" ON CONFLICT (email) DO NOTHING RETURNING {_COLUMNS}"
)
_BY_ID = text(f"SELECT {_COLUMNS} FROM users WHERE id = :id")
_BY_EMAIL = text(f"SELECT {_COLUMNS} FROM users WHERE email = :email")
# Keyset, not OFFSET: page 1000 costs what page 1 costs, and an account made meanwhile moves nothing.
_FIRST_PAGE = text(f"SELECT {_COLUMNS} FROM users ORDER BY created_at DESC, id DESC LIMIT :count")
_NEXT_PAGE = text(
    f"SELECT {_COLUMNS} FROM users WHERE (created_at, id) < (:at, :id) ORDER BY created_at DESC, id DESC LIMIT :count"
)
# What is not mentioned stays; phone and device can be taken away, a name cannot.
_CHANGE = text(
    "UPDATE users SET name = coalesce(CAST(:name AS text), name),"
    " phone = CASE WHEN :sets_phone THEN CAST(:phone AS text) ELSE phone END,"
    " device = CASE WHEN :sets_device THEN CAST(:device AS text) ELSE device END, updated_at = now()"
    f" WHERE id = :id RETURNING {_COLUMNS}"
)
# Both see the hash that was checked, or nothing: a password that was changed meanwhile does not open a session.
_HOLD = text("SELECT roles FROM users WHERE id = :id AND password_hash = :seen FOR SHARE")
_REPLACE_HASH = text(
    "UPDATE users SET password_hash = :new, updated_at = now() WHERE id = :id AND password_hash = :seen RETURNING roles"
)
_ROLES = text("SELECT roles FROM users WHERE id = :id")
# Changes of roles are rare, so they go one by one. Else two administrators could take the role from each other, each
# seeing that the other one is left.
_LOCK_ROLES = text("SELECT pg_advisory_xact_lock(:key)")
_LOCK_KEY = 0x5C4E_3B02
_OTHER_ADMIN = text(f"SELECT EXISTS (SELECT FROM users WHERE '{ADMIN}' = ANY (roles) AND id <> :id)")
_SET_ROLES = text(
    f"UPDATE users SET roles = CAST(:roles AS text[]), updated_at = now() WHERE id = :id RETURNING {_COLUMNS}"
)
_ANY_ADMIN = text(f"SELECT EXISTS (SELECT FROM users WHERE '{ADMIN}' = ANY (roles))")


class LastAdmin(Exception):
    """This role cannot be taken: nobody would be left to give it back."""


@dataclass(frozen=True)
class NewAccount:
    """What somebody says about themselves when they register."""

    email: str
    name: str
    phone: str | None = None
    device: str | None = None


@dataclass(frozen=True)
class Account:
    """A row."""

    id: UUID
    email: str
    password_hash: str = field(repr=False)
    name: str
    phone: str | None
    device: str | None
    roles: tuple[str, ...]
    created_at: datetime

    @property
    def position(self) -> Position:
        """Where it stands in the list."""
        return Position(self.created_at, self.id)


async def create(
    connection: AsyncConnection, new: NewAccount, password_hash: str, roles: Iterable[str] = (CUSTOMER,)
) -> Account | None:
    """Insert and announce, or None when the address has an account."""
    values: dict[str, Any] = {"id": uuid4(), "password_hash": password_hash, "roles": sorted(roles), **vars(new)}
    account = _account((await connection.execute(_INSERT, values)).mappings().first())
    if account is not None:
        registered = UserRegistered(user_id=account.id, **vars(new))
        await outbox.add(connection, new_event(registered, subject=str(account.id), producer=NAME))
    return account


async def find(connection: AsyncConnection, user_id: UUID) -> Account | None:
    """The account with this id."""
    return _account((await connection.execute(_BY_ID, {"id": user_id})).mappings().first())


async def find_by_email(connection: AsyncConnection, email: str) -> Account | None:
    """The account with this address, which is normalised already."""
    return _account((await connection.execute(_BY_EMAIL, {"email": email})).mappings().first())


async def page(connection: AsyncConnection, count: int, after: Position | None) -> list[Account]:
    """Accounts, newest first, behind the given position."""
    if after is None:
        rows = await connection.execute(_FIRST_PAGE, {"count": count})
    else:
        rows = await connection.execute(_NEXT_PAGE, {"count": count, "at": after.created_at, "id": after.id})
    return [_made(row) for row in rows.mappings()]


async def change(connection: AsyncConnection, user_id: UUID, changes: dict[str, str | None]) -> Account | None:
    """Change what is mentioned of name, phone and device."""
    values = {
        "id": user_id,
        "name": changes.get("name"),
        "phone": changes.get("phone"),
        "device": changes.get("device"),
        "sets_phone": "phone" in changes,
        "sets_device": "device" in changes,
    }
    return _account((await connection.execute(_CHANGE, values)).mappings().first())


async def hold(connection: AsyncConnection, account: Account, new_hash: str | None = None) -> Sequence[str] | None:
    """Its present roles, if the password is still the one that was checked; until the transaction ends it stays so.

    With `new_hash` the password is replaced by it.
    """
    values = {"id": account.id, "seen": account.password_hash}
    if new_hash is None:
        result = await connection.execute(_HOLD, values)
    else:
        result = await connection.execute(_REPLACE_HASH, {**values, "new": new_hash})
    roles: Sequence[str] | None = result.scalar_one_or_none()
    return roles


async def roles_of(connection: AsyncConnection, user_id: UUID) -> Sequence[str]:
    """The present roles of an account that exists."""
    roles: Sequence[str] = (await connection.execute(_ROLES, {"id": user_id})).scalar_one()
    return roles


async def set_roles(
    connection: AsyncConnection, user_id: UUID, roles: Iterable[str]
) -> tuple[Account, frozenset[str]] | None:
    """Replace the roles; the account and what it lost, or None when there is no such account. Raises LastAdmin."""
    wanted = frozenset(roles)
    await lock_roles(connection)
    before = await find(connection, user_id)
    if before is None:
        return None
    lost = frozenset(before.roles) - wanted
    if ADMIN in lost and not (await connection.execute(_OTHER_ADMIN, {"id": user_id})).scalar_one():
        raise LastAdmin
    row = (await connection.execute(_SET_ROLES, {"id": user_id, "roles": sorted(wanted)})).mappings().one()
    return _made(row), lost


async def lock_roles(connection: AsyncConnection) -> None:
    """Until the transaction ends, nobody else changes who is an administrator."""
    await connection.execute(_LOCK_ROLES, {"key": _LOCK_KEY})


async def is_any_admin(connection: AsyncConnection) -> bool:
    """Whether there is an administrator at all."""
    return bool((await connection.execute(_ANY_ADMIN)).scalar_one())


def _account(row: RowMapping | None) -> Account | None:
    return None if row is None else _made(row)


def _made(row: RowMapping) -> Account:
    return Account(**{**row, "roles": tuple(row["roles"])})
