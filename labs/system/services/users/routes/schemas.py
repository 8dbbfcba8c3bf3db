"""The published shapes of requests and responses.

Refuses unknown fields in requests (whoever sends `roles` when registering should hear that it does not count), and to
print a secret: passwords and tokens are Secret as soon as they are read.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, Secret, StringConstraints

from chassis.text import Short
from users.accounts import Account
from users.addresses import Email
from users.keys.model import State
from users.sessions import TokenType
from users.settings import PASSWORD_LENGTH

# Length is what makes a password strong; rules about digits only make it hard to remember (NIST SP 800-63B).
_SHORTEST, _LONGEST = PASSWORD_LENGTH
# The constraints belong to the text inside: that also refuses lone surrogates, which no hash can be made of.
NewPassword = Secret[Annotated[str, StringConstraints(min_length=_SHORTEST, max_length=_LONGEST)]]
GivenPassword = Secret[Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST)]]
Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]  # E.164, as those who send SMS want it
Role = Literal["customer", "support", "admin"]


class Body(BaseModel):
    """What clients send."""

    model_config = ConfigDict(extra="forbid")


class Registration(Body):
    """A new account."""

    email: Email
    password: NewPassword
    name: Short
    phone: Phone | None = None
    device: Short | None = Field(default=None, description="Where push messages go")


class ProfileChange(Body):
    """What is not mentioned stays; null takes phone or device away."""

    name: Short = Field(default_factory=str)
    phone: Phone | None = None
    device: Short | None = None


class PasswordChange(Body):
    """The old password proves that it is not just somebody who found the screen unlocked."""

    current: GivenPassword
    new: NewPassword


class RoleChange(Body):
    """All roles that the user shall have."""

    roles: Annotated[list[Role], Field(max_length=10)]


class Login(Body):
    """An attempt to log in."""

    email: Email
    password: GivenPassword
    token_type: TokenType = "jwt"


class Refresh(Body):
    """The refresh token of the last answer."""

    refresh_token: Secret[Annotated[str, StringConstraints(min_length=1, max_length=4096)]]


class Profile(BaseModel):
    """An account as its owner and support see it."""

    id: UUID
    email: str
    name: str
    phone: str | None
    device: str | None
    roles: list[str]
    created_at: datetime

    @classmethod
    def of(cls, account: Account) -> "Profile":
        """The profile of an account."""
        return cls.model_validate(account, from_attributes=True)


class ProfilePage(BaseModel):
    """Some accounts, newest first; `next_cursor` leads to the next ones and is null at the end."""

    items: list[Profile]
    next_cursor: str | None


class Tokens(BaseModel):
    """Access for `expires_in` seconds, and the token that gets the next one: once, then it is replaced."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int


class Active(BaseModel):
    """A token that is valid now (RFC 7662)."""

    active: Literal[True]
    token_type: Literal["Bearer"] = "Bearer"
    sub: str
    sid: str | None = None
    roles: list[str]
    iat: int
    exp: int
    iss: str
    aud: str
    jti: str | None = None


class Inactive(BaseModel):
    """Anything else. Why it is not active is nobody's business, so there is nothing else in it."""

    model_config = ConfigDict(extra="forbid")

    active: Literal[False]


class KeyBody(BaseModel):
    """A signing key: which, at what stage, and when the stages change."""

    kid: str
    state: State
    created_at: datetime
    signs_from: datetime
    signs_until: datetime | None
    published_until: datetime | None


class Keys(BaseModel):
    """All keys that are published."""

    items: list[KeyBody]


class Jwk(BaseModel):
    """The public half of a key."""

    kty: Literal["RSA"]
    use: Literal["sig"]
    alg: Literal["RS256"]
    kid: str
    n: str
    e: str


class Jwks(BaseModel):
    """A key set (RFC 7517)."""

    keys: list[Jwk]
