"""All texts, one per template and channel. Refuses logic: a placeholder is a word that `rendering` knows how to make.

What users have written (their name) comes last in a text message, because that is the end at which it is cut.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Template

from notifications.model import Channel


@dataclass(frozen=True)
class Text:
    """What is sent; the subject of a text message is empty."""

    body: Template
    subject: Template


def _text(body: str, subject: str = "") -> Text:
    return Text(Template(body), Template(subject))


TEMPLATES: Mapping[tuple[str, Channel], Text] = {
    ("welcome", "email"): _text(
        "Hello $name,\n\nyour account is ready. If it was not you who made it, you need not do anything.\n\nThe shop\n",
        "Welcome, $name",
    ),
    ("welcome", "push"): _text("Your account is ready.", "Welcome, $name"),
    ("order_confirmed", "email"): _text(
        "Hello $name,\n\nyour order $order is confirmed. We have charged $total.\n\nThe shop\n",
        "Order $order is confirmed",
    ),
    ("order_confirmed", "sms"): _text("Your order $order is confirmed, $total charged. Thank you, $name!"),
    ("order_confirmed", "push"): _text("$total charged. Thank you, $name!", "Order $order is confirmed"),
    ("order_cancelled", "email"): _text(
        "Hello $name,\n\nyour order $order is cancelled, because $why. If we have charged you for it, the money is on "
        "its way back.\n\nThe shop\n",
        "Order $order is cancelled",
    ),
    ("order_cancelled", "sms"): _text("Your order $order is cancelled, because $why. Sorry, $name."),
    ("order_cancelled", "push"): _text("Because $why. Sorry, $name.", "Order $order is cancelled"),
}

REASONS: Mapping[str, str] = {
    "out_of_stock": "something in it is sold out",
    "payment_declined": "the payment was declined",
    "cancelled_by_user": "you asked for it",
    "timed_out": "it could not be completed in time",
}
