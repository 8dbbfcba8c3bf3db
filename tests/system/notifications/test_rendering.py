"""Texts against hostile values: no second header, no second recipient, no length without end, no link of somebody's."""

from __future__ import annotations

import json
from email import message_from_string, policy
from email.message import EmailMessage
from typing import get_args
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.events.contracts import CancelReason
from notifications.addresses import masked, normal
from notifications.model import Channel, Recipient
from notifications.planning import commands
from notifications.rendering import LONGEST_VALUE, Unrenderable, fitted, line, render
from notifications.templates import REASONS, TEMPLATES
from tests.system.notifications.people import cancelled, confirmed, somebody

KEY = UUID(int=7)
VALUES: dict[str, str | int] = {
    "name": "Ada",
    "order": str(UUID(int=1)),
    "cents": 2597,
    "currency": "EUR",
    "reason": "out_of_stock",
}
HEADERS = ["From", "To", "Subject", "Message-ID", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding"]
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4000)
HOSTILE = {
    "a header": "Ada\r\nBcc: eve@example.com",
    "a header and a text": "Ada\nSubject: You have won\n\nhttps://evil.example",
    "another kind of line end": "Ada\u2028Bcc: eve@example.com",
    "placeholders": "$order ${total} $$ %s {0.__class__}",
    "right to left": "\u202eadA",
    "an encoded word": "=?utf-8?q?Ada=0D=0ABcc:eve=40example.com?=",
    "long": "A" * 4000,
    "long and not ASCII": "\U0001f600" * 100,
    "JSON": '"}, "admin": true',
}


def mail(name: str, template: str = "order_confirmed") -> EmailMessage:
    """A mail to somebody of that name, as a mail program reads it."""
    content = render("email", template, "ada@example.com", {**VALUES, "name": name}, key=KEY)
    assert content.isascii()
    parsed = message_from_string(content, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_a_mail_says_what_happened() -> None:
    """Subject and text carry the facts; the identity is the same for each attempt."""
    parsed = mail("Ada")
    assert parsed["Subject"] == "Order 00000000 is confirmed"
    assert parsed["Message-ID"] == f"<{KEY}@notifications.shop.test>"
    assert "Hello Ada," in parsed.get_content()
    assert "We have charged 25.97 EUR." in parsed.get_content()


def test_the_other_channels_say_it_shorter() -> None:
    """One line for a text message, a title and a body for a push message."""
    text = render("sms", "order_cancelled", "+49170", VALUES, key=KEY)
    assert text == "Your order 00000000 is cancelled, because something in it is sold out. Sorry, Ada."
    assert json.loads(render("push", "welcome", "device", VALUES, key=KEY)) == {
        "title": "Welcome, Ada",
        "body": "Your account is ready.",
    }


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("template", ["welcome", "order_confirmed", "order_cancelled"])
def test_a_name_stays_a_name(name: str, template: str) -> None:
    """Whatever somebody calls themselves: a mail has our headers, one recipient, and a line of theirs at most."""
    parsed = mail(name, template)
    assert sorted(parsed.keys()) == sorted([*HEADERS, "MIME-Version"])
    assert [address.addr_spec for address in parsed["To"].addresses] == ["ada@example.com"]
    assert "\n" not in parsed["Subject"]
    assert "evil.example" not in parsed.as_string()
    assert len(parsed["Subject"]) <= LONGEST_VALUE + len("Welcome, ")
    pushed = json.loads(render("push", template, "device", {**VALUES, "name": name}, key=KEY))
    assert set(pushed) == {"title", "body"}


@given(name=ANYTHING)
def test_any_name_at_all_makes_a_good_message_on_each_channel(name: str) -> None:
    """The headers are ours, a text message is one, a push message is JSON, and nothing raises."""
    assert sorted(mail(name, "welcome").keys()) == sorted([*HEADERS, "MIME-Version"])
    values = {**VALUES, "name": name}
    text = render("sms", "order_confirmed", "+49170", values, key=KEY)
    assert text.startswith("Your order 00000000 is confirmed, 25.97 EUR charged.")
    assert len(text) <= 160
    assert len(text.encode("utf-16-be")) <= 140 or len(text.encode("utf-16-be")) == 2 * len(text)
    json.loads(render("push", "order_confirmed", "device", values, key=KEY))


@pytest.mark.parametrize("name", ["win at evil.example", "https:/x", "me@example.com", "a\\b"])
def test_a_name_that_would_become_a_link_is_not_repeated(name: str) -> None:
    """A welcome goes to an address that nobody has verified: it must carry nobody's advertisement."""
    assert "Hello customer," in mail(name, "welcome").get_content()


def test_names_that_are_names_are_repeated() -> None:
    """Initials, apostrophes, other alphabets and joined characters stay as they are."""
    for name in ("J. R. Smith", "O'Neill", "Łucja", "李雷", "María-José"):
        assert f"Hello {name}," in mail(name).get_content()


def test_a_text_message_is_cut_at_the_end() -> None:
    """160 places in the alphabet of text messages, where some characters take two; 70 when one is outside of it."""
    assert fitted("a" * 200) == "a" * 160
    assert fitted("€" * 100) == "€" * 80
    assert fitted("a" * 160) == "a" * 160
    assert fitted("李" + "a" * 100) == "李" + "a" * 69
    assert fitted("a" * 69 + "\U0001f600") == "a" * 69  # not half of it
    assert fitted("a" * 68 + "\U0001f600") == "a" * 68 + "\U0001f600"


def test_a_long_value_is_shortened() -> None:
    """A value is one line of bounded length, and shows that something is missing."""
    assert line("x" * 100) == "x" * (LONGEST_VALUE - 3) + "..."
    assert line(" a \r\n\t b ") == "a b"


def test_each_event_has_a_text_on_each_of_its_channels() -> None:
    """Whatever is planned can be rendered, and no template is there that nothing asks for."""
    user_id = uuid4()
    recipient = Recipient(user_id, "Ada", "ada@example.com", "+4917012345", "device")
    planned = [
        (command.template, channel)
        for happened in (somebody(user_id=user_id), confirmed(user_id), cancelled(user_id))
        for channel, command in commands(uuid4(), happened, recipient)
        if render(channel, command.template, command.recipient, command.values, key=KEY)
    ]
    assert set(planned) == set(TEMPLATES)


def test_each_reason_to_cancel_has_words() -> None:
    """The contract's reasons and the texts do not drift apart."""
    assert set(REASONS) == set(get_args(CancelReason))


def test_what_cannot_be_rendered_says_so_without_the_values() -> None:
    """An unknown template and a missing value raise; neither repeats what was given."""
    for template, values in (("nothing", VALUES), ("welcome", {}), ("order_cancelled", {**VALUES, "reason": "secret"})):
        with pytest.raises(Unrenderable) as raised:
            render("email", template, "ada@example.com", values, key=KEY)
        assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("channel", "given", "expected"),
    [
        ("email", "ada@example.com", "ada@example.com"),
        ("email", " Ada.Lovelace+shop@mail.example.com ", "Ada.Lovelace+shop@mail.example.com"),
        ("email", "ada", None),
        ("email", "ada@example.com\nBcc: eve@example.com", None),
        ("email", "ada@example.com,eve@example.com", None),
        ("email", "<ada@example.com>", None),
        ("email", "a" * 65 + "@example.com", None),
        ("sms", "+49 (170) 123-45.67", "+491701234567"),
        ("sms", "call me", None),
        ("sms", "1234", None),
        ("sms", "+49170\n1234567", None),
        ("push", "token:APA91b_x-1.2", "token:APA91b_x-1.2"),
        ("push", "a b", None),
        ("push", "x" * 513, None),
        ("push", None, None),
    ],
)
def test_an_address_is_what_it_may_be(channel: Channel, given: str | None, expected: str | None) -> None:
    """One spelling for each address, and None for whatever is none."""
    assert normal(channel, given) == expected


@pytest.mark.parametrize(
    ("channel", "address", "shown"),
    [
        ("email", "ada@mail.example.com", "a***@m***.com"),
        ("email", "ada@localhost", "a***@***"),
        ("sms", "+491701234567", "***567"),
        ("sms", "12345", "***"),
        ("push", "device-1234567890", "***890"),
    ],
)
def test_an_address_is_masked(channel: Channel, address: str, shown: str) -> None:
    """Its owner recognises it, nobody else can use it."""
    assert masked(channel, address) == shown


@given(local=st.from_regex(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}", fullmatch=True))
def test_any_address_that_is_kept_can_be_written_to(local: str) -> None:
    """What passes as a mail address makes a mail to exactly that address."""
    address = normal("email", f"{local}@example.com")
    assert address is not None
    parsed = message_from_string(render("email", "welcome", address, VALUES, key=KEY), policy=policy.compat32)
    assert parsed["To"] == address
