"""Both sagas, whatever happens in whatever sequence: nobody pays for nothing, nothing stays reserved for nobody."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.model import Saga, Status
from orders.steps import Step, step
from tests.system.orders.simulation import World, outcome

# Each pair says whether something bad happens next, and which of all that could.
choices = st.lists(st.tuples(st.integers(0, 2).map(lambda n: n == 0), st.integers(0, 999)), max_size=60)


@pytest.mark.parametrize("saga", Saga)
@settings(max_examples=1000, deadline=None)
@given(in_stock=st.booleans(), solvent=st.booleans(), what=choices)
def test_every_order_ends_well(saga: Saga, in_stock: bool, solvent: bool, what: list[tuple[bool, int]]) -> None:
    """Confirmed with goods and money, or cancelled with neither; one charge at most; and everybody knows."""
    world = World(saga, in_stock=in_stock, solvent=solvent)
    for bad, number in what:
        possible = (not bad and world.honest()) or world.mischief()
        possible[number % len(possible)]()
        if world.order.status is Status.CONFIRMED:
            assert (world.charge, world.reservation) == ("captured", "RESERVED")
    world.settle()
    assert world.order.status is not Status.PENDING
    assert step(world.order) is Step.DONE
    assert world.captures <= 1
    if world.order.status is Status.CONFIRMED:
        assert (world.charge, world.reservation) == ("captured", "RESERVED")
    else:
        assert world.charge in {None, "declined", "voided", "refunded"}
        assert world.reservation != "RESERVED"


@pytest.mark.parametrize("saga", Saga)
@pytest.mark.parametrize(
    ("in_stock", "solvent", "end"),
    [(True, True, "confirmed"), (False, True, "out_of_stock"), (True, False, "payment_declined")],
)
def test_an_order_that_is_left_alone_ends_as_it_should(saga: Saga, in_stock: bool, solvent: bool, end: str) -> None:
    """Without mischief each order ends for the reason that there is."""
    world = World(saga, in_stock=in_stock, solvent=solvent)
    world.settle()
    assert outcome(world.order) == end
