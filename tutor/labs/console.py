"""Sends a learner's own requests through the gateway of a running lab, as somebody who can log in. Refuses any other
address, redirects and retries; what comes back is shown as it is, since it is the learner's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from pydantic import ValidationError

from tutor.errors import UsageError
from tutor.labs.accounts import ACCOUNTS, Accounts
from tutor.labs.asking import Answer, NoAnswer, parsed, send
from tutor.labs.checks.requests import Prepared, Request
from tutor.labs.reach import Reach
from tutor.labs.site import Site
from tutor.labs.viewing import looked

SECONDS = 30.0
"""How long an answer is waited for: longer than any time limit of the gateway."""

MINE = "mine"
"""Whoever logged in last by a request sent from here."""

WHO = ("nobody", MINE, *ACCOUNTS)
"""As whom a request can be sent."""

METHODS: tuple[str, ...] = get_args(Request.model_fields["method"].annotation)
_LINE = re.compile(r"(?:([A-Za-z]+)\s+)?(\S+)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request as it is typed: `line` is a method and a path, `headers` are `name: value`, separated by `;`."""

    line: str
    headers: str = ""
    body: str = ""
    who: str = "nobody"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and what came back. `status` is None when nothing did; then `text` says why."""

    wanted: Wanted
    status: int | None
    headers: Mapping[str, str]
    text: str
    seconds: float
    curl: str
    trace: str

    @property
    def correlation(self) -> str:
        """The correlation id that the gateway gave it."""
        return self.headers.get("x-correlation-id", "")


class Console:
    """The requests of one learner at one lab; remembers who is logged in."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._tokens: dict[str, str] = {}

    def send(self, wanted: Wanted) -> Exchange:
        """Send it, and read the whole answer.

        Raises: UsageError when it is no request, or nobody is logged in as that; MachineError when the gateway has no
        address, or the account cannot log in.
        """
        request = understood(wanted)
        if wanted.who == MINE and MINE not in self._tokens:
            raise UsageError("Nobody has logged in from here yet.", "POST /api/auth/login does that.")
        exchange = looked(self._site, lambda reach: self._sent(reach, wanted, request), "It was not sent")
        if exchange.status == 401 and wanted.who in ACCOUNTS and self._tokens.pop(wanted.who, ""):
            # The token has expired, or the data was made anew: once more, logged in again.
            exchange = looked(self._site, lambda reach: self._sent(reach, wanted, request), "It was not sent")
        self._remember(exchange)
        return exchange

    async def _sent(self, reach: Reach, wanted: Wanted, request: Request) -> Exchange:
        if wanted.who != "nobody":
            token = await self._token(reach, wanted.who)
            reach.variables[f"{wanted.who}.token"] = token
            headers = {"Authorization": f"Bearer {token}", **request.headers}
            request = request.model_copy(update={"headers": headers})
        prepared = request.prepared(reach)
        curl = prepared.curl(reach.hiding())
        try:
            answer = await send(reach.http(), prepared.for_(reach.http()), SECONDS)
        except NoAnswer as trouble:
            return Exchange(wanted, None, {}, f"The gateway {trouble}.", 0.0, curl, prepared.trace)
        return _exchange(wanted, prepared, answer, curl)

    async def _token(self, reach: Reach, who: str) -> str:
        if who not in self._tokens:
            _, running = self._site.run()
            accounts = Accounts(self._site.file, running.credentials)
            self._tokens[who] = str((await accounts.log_in(reach, who))[f"{who}.token"])
        return self._tokens[who]

    def _remember(self, exchange: Exchange) -> None:
        data = parsed(exchange.text)
        if exchange.status == 200 and isinstance(data, Mapping) and isinstance(data.get("access_token"), str):
            self._tokens[MINE] = data["access_token"]


def understood(wanted: Wanted) -> Request:
    """What was typed, as a request.

    Raises: UsageError with what is wrong with it.
    """
    found = _LINE.fullmatch(wanted.line.strip())
    if found is None:
        raise UsageError("That is no request.", "Write a method and a path, such as: GET /api/products")
    method = (found[1] or ("POST" if wanted.body.strip() else "GET")).upper()
    if method not in METHODS:
        raise UsageError(f"{method} is no method that can be sent.", f"One of: {', '.join(METHODS)}")
    if wanted.who not in WHO:
        raise UsageError(f"Nobody is called {wanted.who}.", f"One of: {', '.join(WHO)}")
    headers = _headers(wanted.headers)
    values: dict[str, Any] = {"method": method, "path": found[2], "headers": headers, "traceparent": "fresh"}
    if any(name.lower() == "traceparent" for name in headers):
        del values["traceparent"]
    if wanted.body.strip():
        values["body"] = wanted.body
        if parsed(wanted.body) is not None and not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = "application/json"
    try:
        return Request.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = first["loc"][0] if first["loc"] else "request"
        raise UsageError(f"The {place} of this request is wrong: {first['msg']}.", "A path begins with /.") from None


def _headers(text: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for piece in filter(None, (one.strip() for one in text.split(";"))):
        name, colon, value = piece.partition(":")
        if not colon or not name.strip():
            raise UsageError(f"`{piece}` is no header.", "Write `Name: value`, several with `;` between them.")
        headers[name.strip()] = value.strip()
    return headers


def _exchange(wanted: Wanted, prepared: Prepared, answer: Answer, curl: str) -> Exchange:
    sent = replace(wanted, line=f"{prepared.method} {wanted.line.strip().split()[-1]}")
    return Exchange(sent, answer.status, answer.headers, answer.text, answer.seconds, curl, prepared.trace)
