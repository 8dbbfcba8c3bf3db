"""How the relay splits a batch, and what an event survives: properties that hold for every input."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.events import topology
from chassis.events.contracts import CONTRACTS
from chassis.events.envelope import Event, Undecodable
from chassis.events.topology import Binding
from chassis.relay import chunks

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=10,
)


def _event(subject: str) -> Event:
    return Event(
        id=uuid4(),
        type="order.created",
        version=1,
        occurred_at=datetime.now(UTC),
        subject=subject,
        producer="test",
        correlation_id="c",
        data={},
    )


@given(st.lists(st.sampled_from("abcdef"), max_size=60).map(lambda subjects: [_event(one) for one in subjects]))
def test_chunks_keep_every_event_and_each_subjects_order(events: list[Event]) -> None:
    """No event is lost or doubled; no chunk repeats a subject; each subject's events lie in chunks that follow."""
    split = list(chunks(events))
    assert Counter(event.id for chunk in split for event in chunk) == Counter(event.id for event in events)
    assert all(chunk for chunk in split)
    for chunk in split:
        assert len({event.subject for event in chunk}) == len(chunk)
    for subject in "abcdef":
        sent = [event.id for chunk in split for event in chunk if event.subject == subject]
        assert sent == [event.id for event in events if event.subject == subject]


@given(st.lists(st.sampled_from("abcdef"), max_size=60).map(lambda subjects: [_event(one) for one in subjects]))
def test_there_are_as_few_chunks_as_can_be(events: list[Event]) -> None:
    """Each chunk costs a round trip: as many as the busiest subject has events, and not one more."""
    most = max(Counter(event.subject for event in events).values(), default=0)
    assert len(list(chunks(events))) == most


@given(
    st.builds(
        Event,
        id=st.uuids(),
        type=st.sampled_from(sorted(CONTRACTS)),
        version=st.integers(1, 1000),
        occurred_at=st.datetimes(timezones=st.just(UTC)),
        subject=TEXT.filter(lambda text: text.isprintable()),
        producer=st.just("test"),
        correlation_id=st.just("c"),
        causation_id=st.none() | st.uuids(),
        data=st.dictionaries(st.text(st.characters(codec="utf-8")), JSON, max_size=4),
    )
)
def test_an_event_is_read_as_it_was_written(event: Event) -> None:
    """Encoding and decoding change nothing, whatever is in it."""
    assert Event.decode(event.encode()) == event


@given(st.binary(max_size=300) | JSON.map(str).map(str.encode))
def test_any_bytes_are_an_event_or_undecodable(body: bytes) -> None:
    """Nothing else is ever raised for what lies on a queue, and the reason repeats none of it."""
    with pytest.raises(Undecodable):
        Event.decode(body)


@given(st.lists(st.sampled_from(["order", "created", "payment", "x"]), min_size=1, max_size=4).map(".".join))
def test_a_star_stands_for_exactly_one_word(key: str) -> None:
    """As in a topic exchange: `order.*` is every key of two words that begins with order."""
    words = key.split(".")
    assert Binding("e", "order.*").matches(key) == (len(words) == 2 and words[0] == "order")
    assert Binding("e", key).matches(key)


def test_every_contract_is_heard_by_somebody() -> None:
    """RabbitMQ refuses what no queue wants, so an event without a subscription would stop its producer's outbox."""
    for kind, contract in CONTRACTS.items():
        assert any(topology.wants(name, contract.exchange, kind) for name in topology.SUBSCRIPTIONS), kind


def test_a_reason_repeats_nothing_of_the_message() -> None:
    """Dead letters are looked at by people who must not see what was in them."""
    for body in (b'{"id": "hunter2"}', b'{"type": "hunter2"}', b"hunter2", b'{"hunter2": 1}'):
        with pytest.raises(Undecodable) as caught:
            Event.decode(body)
        assert "hunter2" not in str(caught.value)


def test_lone_surrogates_never_become_an_event() -> None:
    """They cannot be stored or sent on by anybody downstream."""
    body = _event("s").model_dump_json().replace('"subject":"s"', '"subject":"\\ud800"')
    with pytest.raises(Undecodable):
        Event.decode(body)
