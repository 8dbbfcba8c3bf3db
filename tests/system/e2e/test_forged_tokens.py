"""Tokens that prove nothing prove it nowhere: not at the gateway, and not at a service that is asked past it."""

from __future__ import annotations

import pytest

from tests.system.harness.asking import BELIEVED, REFUSED, statuses
from tests.system.harness.base import Account, System
from tests.system.harness.forging import FORGERIES, Forger
from tests.system.harness.signing import active_key

DIRECT = pytest.mark.parametrize("direct", [False, True], ids=["through the gateway", "past the gateway"])


@DIRECT
def test_a_good_token_is_believed_by_everybody(system: System, customer: Account, direct: bool) -> None:
    """The control: the token as it was issued, and our own signature under the same claims."""
    for token in (customer.token, Forger(customer.token, active_key(system)).signed()):
        assert statuses(system, token, direct=direct) == BELIEVED


@DIRECT
def test_a_forged_token_is_believed_by_nobody(system: System, customer: Account, direct: bool) -> None:
    """Algorithms swapped or left out, claims changed, expired, for others or by others, signed by a stranger: 401."""
    forger = Forger(customer.token, active_key(system))
    for name, forge in FORGERIES.items():
        assert statuses(system, forge(forger), direct=direct) == REFUSED, name


def test_an_opaque_string_means_nothing_past_the_gateway(system: System, customer: Account) -> None:
    """Only users knows what it stands for; the others believe what the gateway signs in its place."""
    token = system.login(customer.email, customer.password, "opaque")["access_token"]
    assert statuses(system, token) == BELIEVED
    assert statuses(system, token, direct=True) == {**REFUSED, "users": 200}
