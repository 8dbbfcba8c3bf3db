"""Which role may do what. Refuses to look at objects: whose order it is, is decided by the service that owns orders."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

# Code asks for permissions, never for roles: a new role is then one line here, not a search through all services.
# Tokens carry the roles only. They stay short, and a permission added to a role holds for tokens already issued.
_CUSTOMER = frozenset({"orders:create", "orders:read", "orders:cancel"})
_SUPPORT = _CUSTOMER | {"orders:read:any", "orders:cancel:any", "users:read:any", "payments:read:any"}
_ADMIN = _SUPPORT | {"users:roles", "keys:rotate", "notifications:replay", "inventory:write"}

ROLES: Mapping[str, frozenset[str]] = MappingProxyType({"customer": _CUSTOMER, "support": _SUPPORT, "admin": _ADMIN})


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """Everything these roles may do; a role we do not know grants nothing."""
    return frozenset[str]().union(*(ROLES.get(role, frozenset()) for role in roles))
