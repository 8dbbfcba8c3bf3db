"""People of the shop that a lab's checks log in as: a customer, a stranger, somebody in support, the administrator.
Refuses shared passwords, and to take a login that failed for the learner's mistake: it is a sentence, and an `error`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tutor.labs.arguments import VARIABLE
from tutor.labs.check import CannotLook, Check
from tutor.labs.reach import Reach
from tutor.labs.run import Account, Run, RunFile

if TYPE_CHECKING:
    from tutor.labs.asking import Answer

ACCOUNTS = ("customer", "stranger", "support", "admin")
PHONE, DEVICE = "+447700900123", "lab-device"
"""Where text and push messages to them go: a number that is set aside for fiction, and no device."""

SECONDS = 10.0
LOGIN = "/api/auth/login"
ATTEMPTS, LONGEST_PAUSE = 4, 3.0
"""How often a system that is too busy to log anybody in is asked, and the seconds between two times, at most."""


class Accounts:
    """The accounts of one running lab, kept in the run's file; each is made when it is first needed."""

    def __init__(self, file: RunFile, credentials: Mapping[str, str]) -> None:
        self._file, self._credentials = file, credentials

    def wanted(self, check: Check) -> set[str]:
        """The accounts that a check names: with `as`, or in a text such as `${customer.id}`."""
        return accounts_in(check.model_dump(by_alias=True, exclude_unset=True))

    async def log_in(self, reach: Reach, account: str) -> Mapping[str, Any]:
        """The variables of an account, logged in just now. One that is not known any more is made anew.

        Raises: CannotLook with a sentence.
        """
        known = await self.ensure(reach, account)
        answer = await _ask(reach, "POST", LOGIN, {"email": known.email, "password": known.password})
        if answer.status == 401 and account != "admin":  # the data was reset behind our back
            known = await self._make(reach, account)
            answer = await _ask(reach, "POST", LOGIN, {"email": known.email, "password": known.password})
        token = _field(answer, "access_token", 200, f"{account} could not log in")
        values = {"token": token, "id": known.id, "email": known.email, "password": known.password}
        if not known.id:
            mine = await _ask(reach, "GET", "/api/users/me", token=token)
            values["id"] = _field(mine, "id", 200, f"{account} has no profile")
        return {f"{account}.{name}": value for name, value in values.items()}

    async def ensure(self, reach: Reach, account: str) -> Account:
        """The account, made if it is not there yet.

        Raises: CannotLook with a sentence.
        """
        if account == "admin":
            return self._admin()
        run = self._file.read()
        known = run.accounts.get(account) if run else None
        return known or await self._make(reach, account)

    def _admin(self) -> Account:
        try:
            return Account(self._credentials["admin.email"], self._credentials["admin.password"])
        except KeyError:
            raise CannotLook("the system has no administrator here", "users") from None

    async def _make(self, reach: Reach, account: str) -> Account:
        email, password = f"{account}-{secrets.token_hex(4)}@lab.test", secrets.token_urlsafe(18)
        profile = {"name": account.capitalize(), "phone": PHONE, "device": DEVICE}
        answer = await _ask(reach, "POST", "/api/users", {"email": email, "password": password, **profile})
        made = Account(email, password, _field(answer, "id", 201, f"{account} could not register"))
        if account == "support":
            token = (await self.log_in(reach, "admin"))["admin.token"]
            roles = ["customer", "support"]
            answer = await _ask(reach, "PUT", f"/api/users/{made.id}/roles", {"roles": roles}, token)
            if answer.status >= 400:
                raise CannotLook(f"support did not get its role: HTTP {answer.status}", "users")
        self._file.update(_keeping(account, made))
        return made


def _keeping(name: str, account: Account) -> Callable[[Run], Run]:
    return lambda run: replace(run, accounts={**run.accounts, name: account})


async def _ask(reach: Reach, method: str, path: str, body: Any = None, token: str = "") -> Answer:
    """The answer through the gateway, as the learner would get it; what was only put off is asked again.

    A login fails closed when Redis takes too long to count it, and its hash takes long on purpose. On a busy machine
    neither is a mistake of anybody's.
    """
    for _ in range(ATTEMPTS - 1):
        answer = await _asked(reach, method, path, body, token)
        pause = _put_off(answer, path)
        if pause is None:
            return answer
        await asyncio.sleep(pause)
    return await _asked(reach, method, path, body, token)


def _put_off(answer: Answer, path: str) -> float | None:
    """In how many seconds to ask again; None when this answer is one."""
    later = answer.headers.get("retry-after", "")
    if answer.status == 503 and later.isdigit():
        return min(float(later), LONGEST_PAUSE)
    return 0.0 if answer.status == 504 and path == LOGIN else None  # twice logged in is as good as once


async def _asked(reach: Reach, method: str, path: str, body: Any, token: str) -> Answer:
    from tutor.labs.asking import NoAnswer, send

    client = reach.http()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = client.build_request(method, f"{reach.url('gateway')}{path}", json=body, headers=headers)
    try:
        return await send(client, request, SECONDS)
    except NoAnswer as trouble:
        raise CannotLook(f"the gateway {trouble} at {method} {path}", "gateway") from None


def _field(answer: Answer, name: str, status: int, otherwise: str) -> str:
    """One field of a good answer."""
    data = answer.data
    if answer.status == status and isinstance(data, Mapping) and isinstance(data.get(name), str):
        return str(data[name])
    said = f"HTTP {answer.status}" if answer.status != status else f"the answer has no `{name}`"
    raise CannotLook(f"{otherwise}: {said}", "gateway" if answer.status in (404, 502) else "users")


def accounts_in(value: Any, key: str = "") -> set[str]:
    """The accounts that plain data names, under a key `as` or in a text such as `${customer.id}`."""
    if isinstance(value, str):
        if key == "as" and value in ACCOUNTS:
            return {value}
        return {found[1].partition(".")[0] for found in VARIABLE.finditer(value)} & set(ACCOUNTS)
    if isinstance(value, Mapping):
        return set().union(*(accounts_in(inner, str(name)) for name, inner in value.items()))
    if isinstance(value, list | tuple):
        return set().union(*(accounts_in(inner, key) for inner in value))
    return set()
