"""E-mail addresses, and the one spelling of each that is stored and compared.

Refuses what could not be compared reliably: addresses outside of ASCII (two spellings that look the same would be two
accounts, one of them a stranger's), quoted local parts, comments, and hosts without a domain. A domain in another
script is written in its ASCII form (xn--...), as it is on the wire.
"""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

LONGEST = 254  # RFC 5321 allows a path of 256 with its angle brackets
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# A pattern and not a validator, so that it is part of the published contract.
PATTERN = rf"^{_ATOM}(\.{_ATOM})*@({_LABEL}\.)+{_LABEL}$"


def normalised(address: str) -> str:
    """Lower case throughout. In theory the part before the @ has case; no provider and nobody who types one knows."""
    return address.lower()


Email = Annotated[str, StringConstraints(max_length=LONGEST, pattern=PATTERN), AfterValidator(normalised)]
