"""Whole numbers that clients send in JSON: `Annotated[int, Field(ge=1, le=9), WHOLE]`, in this order.

JSON knows one kind of number. 3 and 3.0 are the same, and to a JSON Schema both are integers, so both are taken.
Refuses what only looks like a number to Python: `true`, and "3".
"""

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

# The largest up to which every reader of JSON holds each integer exactly (RFC 8259, section 6).
LARGEST = 2**53 - 1


def _whole(value: object) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return value


# After the bounds, or they would be checked and not be part of the published contract.
WHOLE = BeforeValidator(_whole)
