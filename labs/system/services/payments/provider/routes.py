"""The provider's HTTP API, mounted on the ops port: outside of the shop's own API, as the real one would be.

Refuses to be told to misbehave unless FAULTS=on. `void` is what card networks call a reversal and some providers a
cancel by reference: it works by our key, without knowing whether a charge ever arrived, and closes the key.
"""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Request
from pydantic import BaseModel, Field

from chassis.database import Database
from chassis.numbers import LARGEST, WHOLE
from chassis.problems import Problem, responses
from payments.provider import behaviour as conduct
from payments.provider import charges
from payments.provider.behaviour import Behaviour, hang
from payments.provider.charges import Charge

KEY = r"^[A-Za-z0-9._-]{1,100}$"
Key = Annotated[str, Path(pattern=KEY)]


class NewCharge(BaseModel):
    """An amount to take."""

    amount_cents: Annotated[int, Field(gt=0, le=LARGEST), WHOLE]
    currency: str = Field(pattern=r"^[A-Z]{3}$")


class ProviderApi:
    """The API on this database; `router` is what is mounted."""

    def __init__(self, database: Database, *, misbehaves: bool) -> None:
        self._database = database
        self._misbehaves = misbehaves
        self.router = APIRouter(prefix="/provider")
        route = self.router.add_api_route
        route("/charges", self.charge, methods=["POST"], responses=responses(409, 422, 500, 503, 504))
        route("/charges/{key}", self.read, methods=["GET"], responses=responses(404, 422, 500, 503, 504))
        route("/charges/{key}/void", self.void, methods=["POST"], responses=responses(422, 500, 503, 504))
        route("/charges/{key}/refund", self.refund, methods=["POST"], responses=responses(404, 409, 422, 500, 503, 504))
        if misbehaves:
            route("/behaviour", self.behaviour, methods=["GET"], responses=responses(503))
            route("/behaviour", self.behave, methods=["PUT"], responses=responses(400, 413, 422, 503))

    async def charge(
        self, request: Request, new: NewCharge, idempotency_key: Annotated[str, Header(pattern=KEY)]
    ) -> Charge:
        """Take money, once per key."""
        behaviour = await self._suffer()
        if behaviour.timeout and not behaviour.charge_on_timeout:
            raise await hang(request)
        reason = behaviour.verdict(new.amount_cents)
        status = "declined" if reason else "captured"
        wish = Charge(idempotency_key, new.amount_cents, new.currency, status, reason)
        async with self._database.transaction() as connection:
            entry = await charges.enter(connection, wish)
        if behaviour.timeout:
            raise await hang(request)
        if entry.status != "voided" and (entry.amount_cents, entry.currency) != (new.amount_cents, new.currency):
            raise Problem(409, "The key was used for another charge")
        return entry

    async def read(self, request: Request, key: Key) -> Charge:
        """What became of a charge."""
        await self._answer_at_all(request)
        async with self._database.transaction() as connection:
            return _found(await charges.find(connection, key))

    async def void(self, request: Request, key: Key) -> Charge:
        """Close the key: no charge under it from now on. If one came first, it stands, and the answer says so."""
        await self._answer_at_all(request)
        async with self._database.transaction() as connection:
            return await charges.enter(connection, Charge(key, 0, "EUR", "voided", None))

    async def refund(self, request: Request, key: Key) -> Charge:
        """Give back what was captured."""
        await self._answer_at_all(request)
        async with self._database.transaction() as connection:
            entry = _found(await charges.refund(connection, key))
        if entry.status != "refunded":
            raise Problem(409, "Nothing was captured under this key")
        return entry

    async def behaviour(self) -> Behaviour:
        """How the stub behaves now."""
        async with self._database.transaction() as connection:
            return await conduct.read(connection)

    async def behave(self, behaviour: Behaviour) -> Behaviour:
        """Make it misbehave, or behave again."""
        async with self._database.transaction() as connection:
            await conduct.write(connection, behaviour)
        return behaviour

    async def _suffer(self) -> Behaviour:
        behaviour = await self.behaviour() if self._misbehaves else Behaviour()
        await behaviour.suffer()
        return behaviour

    async def _answer_at_all(self, request: Request) -> None:
        if (await self._suffer()).timeout:
            raise await hang(request)


def _found(charge: Charge | None) -> Charge:
    if charge is None:
        raise Problem(404, "No such charge")
    return charge
