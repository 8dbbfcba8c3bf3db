"""Draws a running system: who calls whom, what goes through the broker, what is not well. Pure: refuses to measure, and
to draw a number that nobody has counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from tutor.labs.traffic import Counted, Rate, Sample
from tutor.tui.widgets.marks import NO, YES

if TYPE_CHECKING:
    from tutor.labs.engine.base import PartFacts

QUIET = "$foreground 65%"
ABOVE, BELOW = ("users", "orders"), ("inventory", "payments", "notifications")
"""Services that the gateway calls, and those that live of events; how the shop is built."""

NO_DATA = "no data"
BREAKERS = {1.0: "half-open", 2.0: "open"}
OUT, IN = "▲", "▼"


def drawn(
    parts: Sequence[PartFacts], sample: Sample | None, rates: Mapping[str, Rate], broker: str, width: int
) -> Content:
    """The whole map, `width` columns wide."""
    if not parts:
        return Content.styled("Nothing of the system is known yet.", QUIET)
    by_part: dict[str, list[PartFacts]] = {}
    for one in parts:
        by_part.setdefault(one.part, []).append(one)
    map_ = _Map(by_part, sample, rates, max(30, width))
    lines = [*map_.entrance(), *map_.row(ABOVE, called=True), *map_.bus(broker), *map_.row(BELOW), Content("")]
    lines += [*map_.others(broker), *map_.unwell(), *map_.legend()]
    return Content("\n").join(lines)


class _Map:
    """What is known, and how wide it is drawn."""

    def __init__(
        self, parts: Mapping[str, Sequence[PartFacts]], sample: Sample | None, rates: Mapping[str, Rate], width: int
    ) -> None:
        self._parts, self._sample, self._rates, self._width = parts, sample, rates, width

    def entrance(self) -> Iterator[Content]:
        """Whoever sends requests, and the gateway."""
        if "gateway" not in self._parts:
            return
        counted, rate = self._counted("gateway"), self._rates.get("gateway")
        yield self._middle(Content("you"))
        if counted is None or counted.requests is None:
            flow = Content.styled(f"│ {NO_DATA}", QUIET)
        else:
            failed = f", {counted.errors:.0f} failed" if counted.errors else ""
            flow = Content.assemble("│ ", (_speed(rate.requests if rate else None), "bold"),
                                    (f"  {counted.requests:.0f} so far{failed}", QUIET))  # fmt: skip
        yield self._middle(flow, at=self._width // 2 - 1)
        yield self._middle(self._name("gateway"))

    def row(self, names: Sequence[str], called: bool = False) -> Iterator[Content]:
        """Services beside each other; when `called`, each below the line on which the gateway calls it."""
        there = [name for name in names if name in self._parts]
        if not there:
            return
        width = self._width // len(there)
        if called and "gateway" in self._parts:
            yield self._branches(len(there), width)
        blocks = [self._block(name, called) for name in there]
        for number in range(max(map(len, blocks))):
            yield Content("").join(_cell(block[number] if number < len(block) else Content(""), width)
                                   for block in blocks)  # fmt: skip

    def bus(self, broker: str) -> Iterator[Content]:
        """What carries the events."""
        if broker not in self._parts:
            return
        name = Content.assemble(" ", self._name(broker), " ")
        left = max(2, (self._width - name.cell_length) // 2)
        bar = Content.styled("═" * left, "$secondary")
        yield Content.assemble(bar, name, ("═" * max(2, self._width - left - name.cell_length), "$secondary"))

    def others(self, broker: str) -> Iterator[Content]:
        """Everything else in one or two lines."""
        drawn_ = {"gateway", broker, *ABOVE, *BELOW}
        line = Content("")
        for name in self._parts:
            if name in drawn_:
                continue
            shown = self._name(name)
            if line.cell_length and line.cell_length + 2 + shown.cell_length > self._width:
                yield line
                line = Content("")
            line = Content.assemble(line, "  " if line.cell_length else "", shown)
        if line.cell_length:
            yield line

    def unwell(self) -> Iterator[Content]:
        """Each instance that does not run as it should, and each service that does not count."""
        bad = [one for facts in self._parts.values() for one in facts if not _well(one)]
        if bad:
            yield Content("")
        for one in bad:
            ended = f" with code {one.exit_code}" if one.exit_code is not None else ""
            health = f", {one.health}" if one.health not in ("none", "healthy") else ""
            again = f", restarted {one.restarts} times" if one.restarts else ""
            killed = ", out of memory" if one.oom_killed else ""
            yield Content.styled(f"{NO} {one.instance}: {one.state}{ended}{health}{again}{killed}", "$error")
        for part, why in (self._sample.silent if self._sample else {}).items():
            yield Content.styled(f"No data of {part}: {why}", "$warning")

    def legend(self) -> Iterator[Content]:
        """What the signs mean."""
        yield Content("")
        what = f"{OUT} events sent, {IN} events handled: per second, and since the service started"
        yield from (line for line in Content.styled(what, QUIET).wrap(self._width))

    def _counted(self, part: str) -> Counted | None:
        return self._sample.services.get(part) if self._sample else None

    def _name(self, part: str) -> Content:
        facts = self._parts[part]
        well = sum(map(_well, facts))
        mark, style = (YES, "bold $success") if well == len(facts) else (NO, "bold $error")
        if well != len(facts) and all(one.state == "running" for one in facts):
            mark, style = ("◐", "bold $warning")
        count = f" x{len(facts)}" if len(facts) > 1 else ""
        count = f" {well} of {len(facts)}" if len(facts) > 1 and well < len(facts) else count
        return Content.assemble((f"{mark} ", style), (part, "bold"), count)

    def _block(self, part: str, called: bool) -> list[Content]:
        counted, rate = self._counted(part), self._rates.get(part)
        lines = [self._call(part)] if called and "gateway" in self._parts else []
        lines.append(self._name(part))
        if counted is None:
            return [*lines, Content.styled(NO_DATA, QUIET)]
        if counted.published is None and counted.handled is None:
            lines.append(Content.styled("counts no events", QUIET))
        else:
            sent, took = (rate.published, rate.handled) if rate else (None, None)
            lines.append(Content(f"{OUT} {_speed(sent):<7} {IN} {_speed(took)}"))
            lines.append(Content.styled(f"  {_sum(counted.published):<7}   {_sum(counted.handled)}", QUIET))
        if counted.waiting:
            lines.append(Content.styled(f"outbox: {counted.waiting:.0f} wait", "$warning"))
        return [*lines, *_breakers(counted)]

    def _call(self, part: str) -> Content:
        gateway, rate = self._counted("gateway"), self._rates.get("gateway")
        if gateway is None:
            return Content.styled(f"│ {NO_DATA}", QUIET)
        speed = _speed(rate.calls.get(part, 0.0) if rate else None)
        return Content.assemble("│ ", (speed, "bold"), (f"  {gateway.calls.get(part, 0.0):.0f} so far", QUIET))

    def _branches(self, count: int, width: int) -> Content:
        """A line from the gateway to the first column of each block."""
        marks = [" "] * self._width
        first, last, middle = 0, (count - 1) * width, self._width // 2 - 1
        for at in range(min(first, middle), max(last, middle) + 1):
            marks[at] = "─"
        for number in range(count):
            marks[number * width] = "┬"
        marks[middle] = "┴"
        marks[first] = "┌"
        marks[last] = "┐" if last > middle else marks[last]
        return Content.styled("".join(marks).rstrip(), QUIET)

    def _middle(self, text: Content, at: int | None = None) -> Content:
        left = (self._width - text.cell_length) // 2 if at is None else at
        return Content.assemble(" " * max(0, left), text)


def _breakers(counted: Counted) -> Iterator[Content]:
    for name, state in counted.breakers.items():
        if state in BREAKERS:
            yield Content.styled(f"breaker {name}: {BREAKERS[state]}", "$error")


def _well(one: PartFacts) -> bool:
    return one.state == "running" and one.health in ("healthy", "none")


def _speed(rate: float | None) -> str:
    """A rate; nothing was measured twice yet when it is None."""
    return "-" if rate is None else f"{rate:.1f}/s" if rate else "0/s"


def _sum(total: float | None) -> str:
    return "-" if total is None else f"{total:.0f}"


def _cell(text: Content, width: int) -> Content:
    """The text in exactly so many columns."""
    shown = text[: max(0, width - 1)]
    return Content.assemble(shown, " " * (width - shown.cell_length))
