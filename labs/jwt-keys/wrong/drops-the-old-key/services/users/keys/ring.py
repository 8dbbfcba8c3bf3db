"""The keys as one instance knows them: which one signs now, which ones are published, and how fresh that knowledge is.

How a rotation fails no request. The new key is in the database, and so in every instance's key set, before it signs;
the time in between, KEY_LEAD, has three parts of a third each (10 s by default):

    1. every instance has read the table again (it does so each tenth, and trusts what it knows for a third),
    2. every cache of the key set has expired (`max-age`),
    3. every verifier that asked just before that, and will not ask again within its refetch window
       (chassis/identity/tokens.py: 10 s, however many unknown keys it meets), may ask again.

Only then the first token appears that needs it. All instances compute the moment from the database's clock, so theirs
may differ. The old key stays published until the last token that it signed has expired.

A leaked key is another matter: nothing may wait then. Delete all rows: instances notice within seconds, make a new key
and sign with it at once; verifiers drop the leaked one within five minutes, or when they are restarted.

Refuses to sign or to publish by knowledge that may be outdated: an old key set would replace a newer one in the
verifiers, and the answer 503 leaves them with what they have.
"""

import asyncio
import contextlib
import logging
import math
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from chassis import tasks
from chassis.database import Database, DatabaseUnavailable
from chassis.problems import Problem
from users.keys import model, store
from users.keys.model import SigningKey
from users.keys.sealing import Box, Sealed

logger = logging.getLogger(__name__)

_START = 1.0
_UNKNOWN_KEY_PAUSE = 1.0  # anybody can invent a kid, and each unknown one is a reason to look into the table


class WrongEncryptionKey(Problem):
    """The database holds keys that were sealed with another KEY_ENCRYPTION_KEY; a person has to look."""

    def __init__(self) -> None:
        super().__init__(503, "Service Unavailable")

    def __str__(self) -> str:
        """What that person reads in the log; clients do not."""
        return (
            "KEY_ENCRYPTION_KEY does not open the signing keys in the database. Set the key they were sealed with,"
            " or both as NEW,OLD; or delete the rows of signing_keys, after which nobody's access token is valid."
        )


class RotationPending(Problem):
    """The last rotation has not come into effect yet."""

    def __init__(self, seconds: int) -> None:
        detail = "A new key is published already and does not sign yet."
        super().__init__(409, "Conflict", detail=detail, headers={"Retry-After": str(seconds)})


class KeyRing:
    """A component that keeps reading the table."""

    def __init__(self, database: Database, box: Box, *, access_ttl: int, lead: float) -> None:
        self._database = database
        self._box = box
        self._lead = lead
        self._keep = timedelta(seconds=1)  # it signs nothing any more, so what for?
        self._keys: dict[str, SigningKey] = {}
        self._read_at = float("-inf")  # by this instance's monotonic clock, the moment of:
        self._read_time = datetime.min.replace(tzinfo=UTC)  # what the database's clock showed
        self._reading = asyncio.Lock()
        self._tried = asyncio.Event()
        self._refused: WrongEncryptionKey | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read, make the first key if there is none, and keep reading; a wrong encryption key ends the start."""
        self._task = asyncio.create_task(self._keep_reading())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._tried.wait(), _START)
        if self._refused:
            raise self._refused

    async def stop(self) -> None:
        """Stop reading."""
        if self._task:
            await tasks.end([self._task])

    async def check(self) -> None:
        """Ready when there are keys that this instance may sign with."""
        await self.fresh()

    @property
    def max_age(self) -> int:
        """For how many seconds the key set may be cached."""
        return int(self._lead / 3)

    @property
    def known(self) -> list[tuple[SigningKey, model.State]]:
        """The keys with their present stages, in the order in which they sign."""
        now = self._now()
        stages = ((key, key.state(now)) for key in self._keys.values())
        return [(key, stage) for key, stage in stages if stage is not None]

    def active(self) -> SigningKey:
        """The key that signs now. Call `fresh` before, outside of any transaction: it may need a connection itself."""
        return next(key for key, stage in self.known if stage == "active")

    def jwks(self) -> dict[str, Any]:
        """The key set: all of them, the next one included."""
        return {"keys": [key.jwk() for key, _ in self.known]}

    async def public(self, kid: str) -> RSAPublicKey | None:
        """A published key by its id, made by another instance a moment ago as well."""
        if kid not in self._keys:
            await self._read(min(_UNKNOWN_KEY_PAUSE, self._lead / 3))
        key = self._keys.get(kid)
        return key.public if key is not None and key.state(self._now()) else None

    async def fresh(self) -> None:
        """Read again if what is known is too old to act on; raises what makes that impossible."""
        if self._refused:
            raise self._refused
        await self._read(self._lead / 3)

    async def rotate(self) -> SigningKey:
        """Make a successor of the key that signs, and publish it; raises RotationPending while the last one waits."""
        kid, der = await asyncio.to_thread(model.generate)
        sealed, lead = self._box.seal(kid, der), timedelta(seconds=self._lead)
        async with self._database.transaction() as connection:
            made = await store.succeed(connection, kid, sealed, lead, self._keep)
        await self._read()
        if not made:
            raise RotationPending(self._seconds_to_next())
        logger.info("a new signing key is published", extra={"kid": kid})
        return self._keys[kid]

    def _seconds_to_next(self) -> int:
        waits = [key.signs_from - self._now() for key, stage in self.known if stage == "next"]
        return max([1, *(math.ceil(wait.total_seconds()) for wait in waits)])

    async def _keep_reading(self) -> None:
        await self._database.migrated()
        while True:
            try:
                await self._read()
                self._refused = None
            except WrongEncryptionKey as problem:
                if self._refused is None:
                    logger.critical("%s", problem)
                self._refused = problem
            except DatabaseUnavailable:
                logger.warning("the signing keys could not be read again")
            except Exception:  # whatever it was, knowledge goes stale if nobody reads on
                logger.exception("the signing keys could not be read again")
            self._tried.set()
            await asyncio.sleep(self._lead / 10)

    async def _read(self, if_older_than: float = 0) -> None:
        async with self._reading:  # and then look again: whoever held this has usually done the work
            if self._age() < if_older_than:
                return
            at, (now, stored) = await self._published()
            if not any(row.signs_until is None for row in stored):
                await self._make_first()
                at, (now, stored) = await self._published()
            self._keys = {row.kid: self._opened(row) for row in stored}
            self._read_at, self._read_time = at, now

    async def _published(self) -> tuple[float, tuple[datetime, list[store.StoredKey]]]:
        at = asyncio.get_running_loop().time()  # before the question: knowledge is never thought younger than it is
        async with self._database.transaction() as connection:
            return at, await store.published(connection)

    async def _make_first(self) -> None:
        kid, der = await asyncio.to_thread(model.generate)
        async with self._database.transaction() as connection:
            if await store.add_first(connection, kid, self._box.seal(kid, der)):
                logger.info("the first signing key was made", extra={"kid": kid})

    def _opened(self, row: store.StoredKey) -> SigningKey:
        known = self._keys.get(row.kid)
        try:
            private = known.private if known else model.read(self._box.open(row.kid, row.private_key))
        except Sealed:
            raise WrongEncryptionKey from None
        return SigningKey(row.kid, private, row.created_at, row.signs_from, row.signs_until, row.published_until)

    def _age(self) -> float:
        return asyncio.get_running_loop().time() - self._read_at

    def _now(self) -> datetime:
        """The database's time, by its last answer and the time since."""
        return self._read_time + timedelta(seconds=self._age())
