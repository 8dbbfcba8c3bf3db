"""What an address of each channel looks like, and what may be shown of it. Pure.

Refuses whatever could mean something else on its way: a line end or a comma in a mail address is a second header
or a second recipient. So an address is matched against what it may be, not searched for what it may not be.
"""

import re
from collections.abc import Mapping

from notifications.model import Channel

# Shorter than an entry of a PostgreSQL index may be, because addresses are part of a unique constraint.
_ALLOWED: Mapping[Channel, re.Pattern[str]] = {
    "email": re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?"),
    "sms": re.compile(r"\+?[0-9]{5,15}"),
    "push": re.compile(r"[A-Za-z0-9:_.-]{1,512}"),
}
_SEPARATORS = re.compile(r"[ ()./-]")


def normal(channel: Channel, address: str | None) -> str | None:
    """The one spelling of an address by which duplicates are recognised; None when it is no address."""
    if address is None:
        return None
    address = _SEPARATORS.sub("", address) if channel == "sms" else address.strip()
    return address if _ALLOWED[channel].fullmatch(address) else None


def masked(channel: Channel, address: str) -> str:
    """Enough for its owner to know which one is meant, too little for anybody else to use it."""
    if channel == "email":
        local, _, domain = address.partition("@")
        return f"{local[0]}***@{domain[0]}***.{domain.rpartition('.')[2]}" if "." in domain else f"{local[0]}***@***"
    return f"***{address[-3:]}" if len(address) >= 9 else "***"
