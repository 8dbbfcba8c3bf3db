"""The envelope around each event: who said it, when, about what, because of what.

`id` is what consumers dedupe by; `subject` is what order is kept for; `correlation_id` follows one request
through all services; `causation_id` is the event that led to this one; `traceparent` is filled in by whoever publishes.

Refuses to interpret `data`: its shape belongs to the contracts, and a consumer reads only what it handles.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID, uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from chassis import context
from chassis.events.contracts import Contract
from chassis.text import Short

Type = Annotated[str, StringConstraints(pattern=r"^[a-z]+(\.[a-z_]+)+$", max_length=100)]
C = TypeVar("C", bound=Contract)


class Undecodable(Exception):
    """These bytes are not an event. Trying again cannot help."""


class Event(BaseModel):
    """One thing that happened, or one command."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    type: Type
    version: int = Field(ge=1)
    occurred_at: AwareDatetime
    subject: Short
    producer: Short
    correlation_id: Short
    causation_id: UUID | None = None
    traceparent: Short | None = None
    data: dict[str, Any]

    def encode(self) -> bytes:
        """Write the event as JSON."""
        return self.model_dump_json().encode()

    @classmethod
    def decode(cls, body: bytes | str) -> "Event":
        """Read an event; raises Undecodable with a reason that repeats none of the content."""
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            raise Undecodable(_reason(error)) from None


def _reason(error: ValidationError) -> str:
    """Say what is wrong and where, without the value: dead letters are looked at by people."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "body"
    return f"{place}: {first['type']}"


def new_event(data: Contract, *, subject: str, producer: str, cause: Event | None = None) -> Event:
    """Wrap a contract; the correlation id comes from the request or event being handled."""
    return Event(
        id=uuid4(),
        type=data.type,
        version=data.version,
        occurred_at=datetime.now(UTC),
        subject=subject,
        producer=producer,
        correlation_id=context.correlation_id() or (cause.correlation_id if cause else uuid4().hex),
        causation_id=cause.id if cause else None,
        data=data.model_dump(mode="json"),
    )


def read(event: Event, contract: type[C]) -> C:
    """Read the event's data as its contract; raises Undecodable."""
    try:
        return contract.model_validate(event.data)
    except ValidationError as error:
        raise Undecodable(_reason(error)) from None
