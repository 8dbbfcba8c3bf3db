"""Makes the content of a message from a template and the facts of a command. Pure.

Facts come from users, and users write names like "Ada\\r\\nBcc: everybody@example.com" or "$password". So: values
are pasted by `string.Template`, which does not look at them again (`str.format` would let a *template* reach into
objects; these are ours, but nobody has to remember that); they become one bounded line first; a mail is built by
a library that knows headers, not by joining strings; a push message is JSON because a library wrote it.

Refuses a template that there is none of and facts that are missing: to try again would not help.
"""

import json
import re
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from email.policy import SMTP
from string import Template
from uuid import UUID

from notifications.model import Channel
from notifications.templates import REASONS, TEMPLATES

SENDER = "The shop <no-reply@notifications.shop.test>"
LONGEST_VALUE = 60  # so that no line of a header has to be folded
# One text message. A single character outside of its alphabet has the whole of it sent as UTF-16.
SMS_SEPTETS = 160
SMS_UTF16 = 70

Values = Mapping[str, str | int]

# Controls (line ends too) and the characters that make a terminal or a mail reader show text in another order.
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\s]+")
# What mail programs turn into links: anybody can register somebody else's address with a name that advertises.
_LINKED = re.compile(r"[/\\@:]|\.\w\w")
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_ESCAPED = frozenset("^{}\\[~]|€")
_SEVEN_BIT = SMTP.clone(cte_type="7bit")


class Unrenderable(Exception):
    """The command cannot become a message; its text names no value."""


def render(channel: Channel, template: str, recipient: str, values: Values, *, key: UUID) -> str:
    """The content as the channel's provider takes it: a whole mail, a text, or a JSON object."""
    texts = TEMPLATES.get((template, channel))
    if texts is None:
        raise Unrenderable(f"there is no such template for {channel}")
    subject, body = _fill(texts.subject, values), _fill(texts.body, values)
    match channel:
        case "email":
            return _mail(recipient, subject, body, key)
        case "sms":
            return fitted(body)
        case "push":
            return json.dumps({"title": subject, "body": body})


def _fill(template: Template, values: Values) -> str:
    try:
        return template.substitute({word: _WORDS[word](values) for word in template.get_identifiers()})
    except (KeyError, ValueError, TypeError) as error:
        raise Unrenderable("a value that the template needs is missing or of another kind") from error


def _mail(recipient: str, subject: str, body: str, key: UUID) -> str:
    mail = EmailMessage(policy=_SEVEN_BIT)
    mail["From"] = SENDER
    mail["To"] = recipient
    mail["Subject"] = subject
    # The same for every attempt: should a provider send twice, mail programs show it once.
    mail["Message-ID"] = f"<{key}@notifications.shop.test>"
    mail["Auto-Submitted"] = "auto-generated"  # asks the other side's out-of-office not to answer
    mail.set_content(body)
    return mail.as_string()


def line(value: str | int) -> str:
    """A value as one line that is not too long."""
    text = _INVISIBLE.sub(" ", str(value)).strip()
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def fitted(text: str) -> str:
    """The text, cut to what goes into one text message."""
    if _septets(text) is None:
        kept = text.encode("utf-16-be")[: 2 * SMS_UTF16]
        return kept.decode("utf-16-be", "ignore")  # half a character at the cut is left out
    while (_septets(text) or 0) > SMS_SEPTETS:
        text = text[:-1]
    return text


def _septets(text: str) -> int | None:
    """How many places it takes in the alphabet of text messages; None when something is not in there."""
    characters = set(text)
    if characters - _GSM - _GSM_ESCAPED:
        return None
    return len(text) + sum(character in _GSM_ESCAPED for character in text)


def _name(values: Values) -> str:
    name = line(values["name"])
    return "customer" if not name or _LINKED.search(name) else name


def _total(values: Values) -> str:
    euros, cents = divmod(int(values["cents"]), 100)
    return f"{euros}.{cents:02} {line(values['currency'])}"


_WORDS: Mapping[str, Callable[[Values], str]] = {
    "name": _name,
    "order": lambda values: line(values["order"])[:8],
    "total": _total,
    "why": lambda values: REASONS[str(values["reason"])],
}
