"""Text that people type: what every store, log and terminal down the line can hold.

Refuses NUL (PostgreSQL cannot store it), control characters (they forge log lines and terminals) and lone surrogates.
"""

from typing import Annotated

from pydantic import StringConstraints

# The rule is a pattern and not a validator so that it is part of the published OpenAPI contract.
# Lone surrogates never get this far: pydantic's strings must be encodable as UTF-8.
_LINE = r"^[^\x00-\x1f\x7f-\x9f]*$"
_LINES = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"

Short = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_LINE)]
Long = Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=_LINES)]
