"""`python -m bench.system [SECONDS]`: what the reference system takes, and what it carries, measured on this machine.

Prints tables and asserts nothing. Needs a Docker engine and the images. Refuses to warm up a load in secret: what the
first seconds cost is part of the numbers.
"""

from __future__ import annotations

import asyncio
import sys
import time

from bench.system.load import CREATE, READ, Load, Outcome, percentile
from bench.system.stack import PROFILES, Part, Stack, limits

RATE = 200
SECONDS = 60.0
SETTLE = 60.0
MEBIBYTES = {"core": 1536, "everything": 3584}
CONTAINERS = {"core": 8, "everything": 18}
PROFILES_OF = {"core": (), "everything": PROFILES}


def main() -> None:
    """Measure both sizes, then the load on the core and on the core with the saga."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    print("| what | measured | budget |\n|---|---|---|")
    for size, profiles in PROFILES_OF.items():
        _budget(size, profiles)
    print()
    print(
        f"| {RATE} requests/s for {seconds:g} s, one in five creates an order | p50 | p95 | p99 | aim | wrong | lost |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, profiles in (("core", ()), ("core and saga", ("saga",))):
        _load(name, profiles, seconds)


def _budget(size: str, profiles: tuple[str, ...]) -> None:
    containers, limit = limits(profiles)
    print(f"| {size}: containers | {containers} | {CONTAINERS[size]} |")
    print(f"| {size}: memory limits | {limit:.0f} MiB | {MEBIBYTES[size]} MiB |", flush=True)
    stack = Stack(profiles)
    with stack.running() as took:
        time.sleep(5)  # what start-up used and gave back is no idle memory
        parts = stack.parts()
        slowest = sorted(parts, key=lambda part: -part.healthy_after)[:3]
        waited = ", ".join(f"{part.service} {part.healthy_after:.1f} s" for part in slowest)
        largest = ", ".join(f"{part.service} {part.used:.0f}" for part in parts[:3])
        print(f"| {size}: idle memory (largest: {largest}) | {sum(part.used for part in parts):.0f} MiB | - |")
        print(f"| {size}: from `up` to healthy, images present (last: {waited}) | {took:.1f} s | - |", flush=True)


def _load(name: str, profiles: tuple[str, ...], seconds: float) -> None:
    stack = Stack(profiles)
    with stack.running():
        before = {part.service: part.processor for part in stack.parts()}
        outcome = asyncio.run(Load(stack.gateway, rate=RATE, seconds=seconds).run())
        after = stack.parts()
        lost = _lost(stack, outcome, settles=bool(profiles))
    everything, good = outcome.all_seconds(), {(READ, "200"), (CREATE, "201")}
    wrong = sum(count for answer, count in outcome.answers.items() if answer not in good)
    times = " | ".join(f"{percentile(everything, share) * 1000:.0f} ms" for share in (50, 95, 99))
    print(f"| {name} | {times} | 250 ms | {wrong} of {len(everything)} | {lost} |")
    print(f"| processor: {_processor(before, after, seconds)} | | | | | | |")
    if wrong:
        print(f"| answers: {dict(outcome.answers)} | | | | | | |")
    print(f"| the client was up to {outcome.late * 1000:.0f} ms late itself | | | | | | |", flush=True)


def _processor(before: dict[str, float], after: list[Part], seconds: float) -> str:
    """Who used how much of one core, largest first."""
    shares = {part.service: (part.processor - before.get(part.service, 0)) / seconds * 100 for part in after}
    largest = sorted(shares.items(), key=lambda share: -share[1])[:5]
    return ", ".join(f"{service} {share:.0f} %" for service, share in largest)


def _lost(stack: Stack, outcome: Outcome, *, settles: bool) -> str:
    """Orders that were answered 201 and are not there, and events that never reached the broker or their end."""
    deadline = time.monotonic() + SETTLE
    while _number(stack, "SELECT count(*) FROM outbox WHERE published_at IS NULL") and time.monotonic() < deadline:
        time.sleep(0.5)
    kept = set(stack.sql("orders-db", "orders", "SELECT id FROM orders"))
    missing = len(set(outcome.orders) - kept)
    unpublished = _number(stack, "SELECT count(*) FROM outbox WHERE published_at IS NULL")
    said = f"{missing} orders, {unpublished} events"
    if settles:
        pending = "SELECT count(*) FROM orders WHERE status = 'PENDING'"
        while _number(stack, pending) and time.monotonic() < deadline:
            time.sleep(0.5)
        said += f", {_number(stack, pending)} sagas"
    return said


def _number(stack: Stack, statement: str) -> int:
    return int(stack.sql("orders-db", "orders", statement)[0])


if __name__ == "__main__":
    main()
