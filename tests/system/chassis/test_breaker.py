"""The circuit breaker, with a clock of the test's own: when it opens, whom it asks, and whom it does not believe."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from chassis.breaker import CircuitBreaker, CircuitOpen, State


class Clock:
    """Time that passes when it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    """Ten calls at least, half of them failed within ten seconds; open for five; three probes."""
    return CircuitBreaker("payments", window=10, minimum=10, error_rate=0.5, open_for=5, half_open=3, clock=clock)


def _state(breaker: CircuitBreaker) -> State:
    """Asked anew each time, which a type checker does not expect of an attribute."""
    return breaker.state


def _failures(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        breaker.allow().failure()


def _successes(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        breaker.allow().success()


def _opened(breaker: CircuitBreaker) -> CircuitBreaker:
    _failures(breaker, 10)
    assert _state(breaker) is State.OPEN
    return breaker


def test_it_opens_at_the_rate_and_refuses(breaker: CircuitBreaker) -> None:
    """Five of ten calls failed: the next one is refused at once, with the time to come back."""
    _successes(breaker, 5)
    _failures(breaker, 4)
    assert _state(breaker) is State.CLOSED
    _failures(breaker, 1)
    with pytest.raises(CircuitOpen) as refused:
        breaker.allow()
    assert (refused.value.name, refused.value.retry_after) == ("payments", 5)


def test_a_few_calls_prove_nothing(breaker: CircuitBreaker) -> None:
    """Nine failures of nine are a rate of one, and still too little to cut everybody off."""
    _failures(breaker, 9)
    assert _state(breaker) is State.CLOSED


def test_failures_below_the_rate_are_borne(breaker: CircuitBreaker) -> None:
    """Four of ten, over and over, do not open it."""
    for _ in range(20):
        _successes(breaker, 6)
        _failures(breaker, 4)
    assert _state(breaker) is State.CLOSED


def test_what_is_older_than_the_window_does_not_count(breaker: CircuitBreaker, clock: Clock) -> None:
    """Nine failures, a window of silence, one more: that is one failure of one call."""
    _failures(breaker, 9)
    clock.now += 11
    _failures(breaker, 1)
    assert _state(breaker) is State.CLOSED
    _failures(breaker, 8)
    assert _state(breaker) is State.CLOSED
    _failures(breaker, 1)
    assert _state(breaker) is State.OPEN


def test_the_window_rolls(breaker: CircuitBreaker, clock: Clock) -> None:
    """It forgets second by second, not all at once at a boundary."""
    _failures(breaker, 5)
    clock.now += 6
    _failures(breaker, 4)
    clock.now += 3
    assert _state(breaker) is State.CLOSED
    _failures(breaker, 1)
    assert _state(breaker) is State.OPEN


def test_after_the_pause_a_handful_of_probes_is_let_through(breaker: CircuitBreaker, clock: Clock) -> None:
    """Three, not all who wait; and not before the pause is over."""
    _opened(breaker)
    clock.now += 4.9
    with pytest.raises(CircuitOpen):
        breaker.allow()
    clock.now += 0.2
    for _ in range(3):
        breaker.allow()
    assert _state(breaker) is State.HALF_OPEN
    with pytest.raises(CircuitOpen):
        breaker.allow()


def test_probes_that_succeed_close_it(breaker: CircuitBreaker, clock: Clock) -> None:
    """All three have to; then it starts to count from nothing."""
    _opened(breaker)
    clock.now += 5
    probes = [breaker.allow() for _ in range(3)]
    probes[0].success()
    probes[1].success()
    assert _state(breaker) is State.HALF_OPEN
    probes[2].success()
    assert _state(breaker) is State.CLOSED
    _failures(breaker, 9)
    assert _state(breaker) is State.CLOSED


def test_one_probe_that_fails_opens_it_again(breaker: CircuitBreaker, clock: Clock) -> None:
    """For the whole pause, counted from then."""
    _opened(breaker)
    clock.now += 5
    first, second = breaker.allow(), breaker.allow()
    first.success()
    second.failure()
    assert _state(breaker) is State.OPEN
    clock.now += 4.9
    with pytest.raises(CircuitOpen):
        breaker.allow()


def test_answers_from_before_do_not_decide(breaker: CircuitBreaker, clock: Clock) -> None:
    """Slow calls that were let through while it was closed neither close nor open what came after them."""
    slow = [breaker.allow() for _ in range(20)]
    _opened(breaker)
    clock.now += 5
    probe = breaker.allow()
    for permit in slow[:10]:
        permit.success()
    for permit in slow[10:]:
        permit.failure()
    assert _state(breaker) is State.HALF_OPEN
    probe.success()
    _successes(breaker, 2)
    assert _state(breaker) is State.CLOSED


def test_a_probe_from_an_earlier_attempt_does_not_decide(breaker: CircuitBreaker, clock: Clock) -> None:
    """It belonged to the last time that it was half open."""
    _opened(breaker)
    clock.now += 5
    late, failing = breaker.allow(), breaker.allow()
    failing.failure()
    clock.now += 5
    _successes(breaker, 2)
    late.failure()
    assert _state(breaker) is State.HALF_OPEN
    _successes(breaker, 1)
    assert _state(breaker) is State.CLOSED


def test_a_cancelled_probe_gives_its_place_back(breaker: CircuitBreaker, clock: Clock) -> None:
    """The caller went away, nothing was learnt: otherwise three impatient callers would keep it half open for ever."""
    _opened(breaker)
    clock.now += 5
    for _ in range(50):
        breaker.allow().cancelled()
    _successes(breaker, 3)
    assert _state(breaker) is State.CLOSED


def test_a_cancelled_call_is_no_failure(breaker: CircuitBreaker) -> None:
    """Nor a success: it is not counted at all."""
    for _ in range(100):
        breaker.allow().cancelled()
    _failures(breaker, 9)
    assert _state(breaker) is State.CLOSED


def test_a_permit_reports_once(breaker: CircuitBreaker) -> None:
    """Later reports are ignored, whatever they say."""
    for _ in range(10):
        permit = breaker.allow()
        permit.success()
        permit.failure()
        permit.cancelled()
    assert _state(breaker) is State.CLOSED


def test_state_and_refusals_are_exported(breaker: CircuitBreaker, clock: Clock) -> None:
    """0 closed, 1 half-open, 2 open; refusals are counted."""

    def state() -> float | None:
        return REGISTRY.get_sample_value("breaker_state", {"name": "payments"})

    before = REGISTRY.get_sample_value("breaker_rejections_total", {"name": "payments"}) or 0
    assert state() == 0
    _opened(breaker)
    assert state() == 2
    with pytest.raises(CircuitOpen):
        breaker.allow()
    clock.now += 5
    breaker.allow()
    assert state() == 1
    assert REGISTRY.get_sample_value("breaker_rejections_total", {"name": "payments"}) == before + 1


@given(st.lists(st.tuples(st.sampled_from(["ok", "bad", "gone"]), st.floats(0, 4)), max_size=200))
def test_it_always_recovers(history: list[tuple[str, float]]) -> None:
    """Whatever happened before: when the dependency is well, one pause and three calls later it is closed."""
    clock = Clock()
    breaker = CircuitBreaker("any", window=10, minimum=5, error_rate=0.5, open_for=5, half_open=3, clock=clock)
    for outcome, pause in history:
        clock.now += pause
        try:
            permit = breaker.allow()
        except CircuitOpen as refused:
            assert 0 < refused.retry_after < 5.001
            continue
        {"ok": permit.success, "bad": permit.failure, "gone": permit.cancelled}[outcome]()
    clock.now += 5
    for _ in range(3):
        breaker.allow().success()
    assert _state(breaker) is State.CLOSED
