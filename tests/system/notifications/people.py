"""People and what happens to them, for tests. Refuses to tell two people apart by anything but their numbers."""

from __future__ import annotations

from uuid import UUID, uuid4

from chassis.events.contracts import NotifyEmail, OrderCancelled, OrderConfirmed, UserRegistered


def somebody(*, phone: bool = False, device: bool = False, user_id: UUID | None = None) -> UserRegistered:
    """A new user with an address nobody else has, and a phone or a device if wanted."""
    user_id = user_id or uuid4()
    return UserRegistered(
        user_id=user_id,
        email=f"ada-{user_id.hex}@example.com",
        name="Ada",
        phone=f"+49 170 {user_id.int % 10**8:08}" if phone else None,
        device=f"device-{user_id.hex}" if device else None,
    )


def confirmed(user_id: UUID) -> OrderConfirmed:
    """An order of theirs was confirmed."""
    return OrderConfirmed(order_id=uuid4(), user_id=user_id, total_cents=2597)


def cancelled(user_id: UUID) -> OrderCancelled:
    """An order of theirs was cancelled."""
    return OrderCancelled(order_id=uuid4(), user_id=user_id, reason="out_of_stock", saga="choreography")


def mail(user: UserRegistered, event_id: UUID | None = None) -> NotifyEmail:
    """The command to send one mail."""
    return NotifyEmail(
        event_id=event_id or uuid4(),
        user_id=user.user_id,
        recipient=user.email,
        template="order_confirmed",
        values={"name": user.name, "order": str(uuid4()), "cents": 2597, "currency": "EUR"},
    )
