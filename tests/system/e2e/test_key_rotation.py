"""Signing keys are replaced while everybody works, and somebody invents keys: nobody who is honest notices."""

from __future__ import annotations

import jwt

from tests.system.harness.asking import BELIEVED, statuses
from tests.system.harness.base import Account, Response, System
from tests.system.harness.forging import FORGERIES, Forger
from tests.system.harness.load import load
from tests.system.harness.signing import active_key
from tests.system.harness.waiting import eventually

# A new key is published for 30 s before it signs: until then each verifier has had the time to ask for it.
LEAD = 60.0


def _kid(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


class Refreshing:
    """A client that refreshes all the time, and uses each new token at once, everywhere."""

    def __init__(self, system: System, account: Account) -> None:
        self._system = system
        self._refresh_token = account.refresh_token
        self.token = account.token

    def __call__(self) -> Response:
        """Refresh and use; what went wrong, or the last answer."""
        answer = self._system.call("POST", "/api/auth/refresh", json={"refresh_token": self._refresh_token})
        if answer.status != 200:
            return answer
        self.token, self._refresh_token = answer.json()["access_token"], answer.json()["refresh_token"]
        for path in ("/users/me", "/orders", "/notifications"):
            answer = self._system.call("GET", f"/api{path}", token=self.token)
            if answer.status != 200:
                return answer
        return answer


def test_keys_are_rotated_under_load_without_a_failed_request(system: System, customer: Account) -> None:
    """Old tokens are good to their end and new ones from the first moment, at every service, whatever forgers do."""
    admin, walker = system.admin_token(), system.register()
    forged = FORGERIES["an unknown kid"](Forger(customer.token, active_key(system)))
    refreshing = Refreshing(system, walker)
    with (
        load(lambda: system.call("GET", "/api/orders", token=customer.token), threads=2, pause=0.05) as reads,
        load(refreshing, threads=1, pause=0.3) as sessions,
        load(lambda: system.call("GET", "/api/orders", token=forged), threads=1, pause=0.3) as forgeries,
    ):
        eventually(lambda: len(sessions.answers) > 2)
        rotated = system.call("POST", "/api/auth/keys/rotate", token=admin)
        assert (rotated.status, rotated.json()["state"]) == (201, "next")
        assert system.call("POST", "/api/auth/keys/rotate", token=admin).status == 409
        eventually(lambda: _kid(refreshing.token) == rotated.json()["kid"], timeout=LEAD)
        seen = len(sessions.answers)
        eventually(lambda: len(sessions.answers) > seen + 5)
    assert (reads.statuses(), reads.broken) == ({200}, [])
    assert (sessions.statuses(), sessions.broken) == ({200}, [])
    assert forgeries.statuses() == {401}
    for token in (customer.token, refreshing.token):
        assert statuses(system, token) == BELIEVED
        assert statuses(system, token, direct=True) == BELIEVED
    published = system.call("GET", "/api/.well-known/jwks.json").json()["keys"]
    assert {_kid(customer.token), _kid(refreshing.token)} <= {key["kid"] for key in published}
