"""The providers' HTTP API, mounted on the ops port: outside of the shop's own API, as the real ones would be.

Refuses to be told to misbehave unless FAULTS=on.
"""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict

from chassis.database import Database
from chassis.problems import responses
from chassis.text import Long
from notifications.channels import behaviour as conduct
from notifications.channels import outbound
from notifications.channels.behaviour import Behaviour
from notifications.channels.outbound import Receipt
from notifications.model import Channel

Key = Annotated[str, Header(pattern=r"^[A-Za-z0-9._-]{1,100}$")]


class Outgoing(BaseModel):
    """A message to one recipient."""

    model_config = ConfigDict(extra="forbid")

    recipient: Long
    content: Long


class ChannelsApi:
    """The API on this database; `router` is what is mounted."""

    def __init__(self, database: Database, *, misbehaves: bool) -> None:
        self._database = database
        self._misbehaves = misbehaves
        self.router = APIRouter(prefix="/channels")
        route = self.router.add_api_route
        route("/{channel}/messages", self.send, methods=["POST"], status_code=202, responses=responses(422, 500, 503))
        if misbehaves:
            route("/behaviour", self.behaviours, methods=["GET"], responses=responses(503))
            route("/behaviour", self.behave, methods=["PUT"], responses=responses(422, 503))
            route("/behaviour", self.recover, methods=["DELETE"], status_code=204, responses=responses(503))

    async def send(self, request: Request, channel: Channel, outgoing: Outgoing, idempotency_key: Key) -> Receipt:
        """Take a message over, once per key."""
        behaviour = await self._behaviour(channel)
        behaviour.before(outgoing.recipient)
        async with self._database.transaction() as connection:
            receipt = await outbound.enter(connection, channel, idempotency_key, outgoing.recipient, outgoing.content)
        await behaviour.after(request)
        return receipt

    async def behaviours(self) -> list[Behaviour]:
        """How the channels behave now."""
        async with self._database.transaction() as connection:
            return await conduct.read_all(connection)

    async def behave(self, behaviour: Behaviour) -> Behaviour:
        """Make a channel misbehave, or behave again."""
        async with self._database.transaction() as connection:
            await conduct.write(connection, behaviour)
        return behaviour

    async def recover(self) -> None:
        """Make all channels behave again."""
        async with self._database.transaction() as connection:
            await conduct.clear(connection)

    async def _behaviour(self, channel: Channel) -> Behaviour:
        if not self._misbehaves:
            return Behaviour(channel=channel)
        async with self._database.transaction() as connection:
            return await conduct.read(connection, channel)
