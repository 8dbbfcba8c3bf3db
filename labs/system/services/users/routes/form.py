"""The form of RFC 7009 and RFC 7662: `token`, once, url-encoded. Errors carry the code of RFC 6749 beside the problem.

Refuses the token anywhere else: a query string ends up in logs.
"""

from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request

from chassis.problems import Problem

MEDIA_TYPE = "application/x-www-form-urlencoded"
_MOST_FIELDS = 20

# Declared by hand, because FastAPI's own form takes the last of two tokens, and answers JSON's 422.
FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["token"],
                    "properties": {
                        "token": {"type": "string", "minLength": 1},
                        "token_type_hint": {"type": "string", "description": "Not needed, and not believed"},
                    },
                }
            }
        },
    }
}


async def token_in_form(request: Request) -> str:
    """A dependency: the token in the body."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != MEDIA_TYPE:
        raise Problem(415, "Unsupported Media Type", detail=f"Send {MEDIA_TYPE}.")
    try:
        fields = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        fields = []
    tokens = [value for name, value in fields if name == "token"]
    if len(tokens) != 1 or not tokens[0]:
        raise Problem(400, "Bad Request", detail="Send one token.", error="invalid_request")
    return tokens[0]
