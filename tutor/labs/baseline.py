"""Looks at a lab's checks when it starts, as far as they compare with the start. Refuses to judge, and to act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tutor.labs.accounts import Accounts
from tutor.labs.check import CannotLook, Check
from tutor.labs.looking import Looking
from tutor.labs.reach import Reach


async def baseline(
    checks: Sequence[Check], reach: Reach, accounts: Accounts
) -> tuple[dict[str, Mapping[str, Any]], list[str]]:
    """What each of these brings back now, by its id, and a sentence for each that brings nothing back."""
    seen: dict[str, Mapping[str, Any]] = {}
    trouble: list[str] = []
    async with reach.open():
        for check in checks:
            if not check.compares_with_start:
                continue
            looking = Looking(check, reach, {}, once=True)
            try:
                for account in sorted(accounts.wanted(check)):
                    reach.variables |= await accounts.log_in(reach, account)
                sight = await looking.run(lambda _looked: None)
            except CannotLook as reason:
                trouble.append(f"{check.id}: {reason}")
                continue
            if sight.trouble is not None or sight.seen is None:
                trouble.append(f"{check.id}: {sight.trouble}")
            else:
                named = {name for where in check.expectations for name in where}
                seen[check.id] = {name: value for name, value in sight.seen.values.items() if name in named}
    return seen, trouble
