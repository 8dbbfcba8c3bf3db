"""Looks again whenever something changes: applies what the learner saves, and looks at the checks. Refuses to look
while the learner's own fault is in force, and to get in the way of another verb.

What changed outside of the files (a queue that was declared, a container that was stopped) nobody reports, so every
few seconds the checks that disturb nothing are looked at once; when one of them has turned, all are looked at.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from tutor.labs.applying import apply
from tutor.labs.checking import check, glance
from tutor.labs.news import News, Said, StepPassed
from tutor.labs.run import Busy
from tutor.labs.site import Site
from tutor.labs.verdict import Verdict

POLL = 0.4
"""Seconds between two looks at when the files were written. A save is applied when a look finds no further change."""

GLANCE = 5.0
"""Seconds between two looks at the system."""

PATIENCE = 60.0
"""Seconds that a check waits for another verb: somebody resets the lab in another window, say."""


def watch(site: Site) -> Iterator[News]:
    """Apply and check, again and again, until every step is done or the generator is closed.

    Raises: UsageError when the lab is not running, MachineError when it goes away.
    """
    yield from _Watch(site).run()


class _Watch:
    """One watch, and what it has seen last."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._stamps = self._now()
        self._verdicts: dict[str, Verdict] = {}
        self._idle = 0.0
        self._resting = False

    def run(self) -> Iterator[News]:
        """Until the lab is done."""
        site, due = self._site, True
        if site.unapplied(site.run()[0]):
            yield from apply(site)
        while True:
            if due and (yield from self._rest()):
                due = False
                if (yield from self._check()):
                    return
            site.sleep(POLL)
            self._idle += POLL
            if self._saved():
                yield from apply(site)
                due = True
            due = due or self._turned()

    def _rest(self) -> Generator[News, None, bool]:
        """Whether nothing of the learner's own is in force; said once when it is."""
        own = [entry.fault for entry in self._site.run()[0].faults if entry.by == "learner"]
        if own and not self._resting:
            yield Said(f"Your fault `{own[0]}` is in force: the checks wait until it is off (tutor lab fault off).")
        self._resting = bool(own)
        return not own

    def _check(self) -> Generator[News, None, bool]:
        """Look at the current step, and on as long as one is done by it; returns whether the lab is."""
        going = True
        while going:
            going = False
            for told in check(self._site, patience=PATIENCE):
                yield told
                if isinstance(told, StepPassed):
                    if not told.next:
                        return True
                    going = True
        self._verdicts, self._idle = self._glance(), 0.0
        return False

    def _now(self) -> dict[str, tuple[int, int]]:
        return self._site.workspace(self._site.run()[0].workspace).stamps()

    def _saved(self) -> bool:
        """Whether files were written, and are not being written any more."""
        before, stamps = self._stamps, self._now()
        while stamps != self._stamps:
            self._stamps = stamps
            self._site.sleep(POLL)
            stamps = self._now()
        return stamps != before and bool(self._site.unapplied(self._site.run()[0]))

    def _turned(self) -> bool:
        """Whether a check that disturbs nothing says something else than the last time."""
        if self._idle < GLANCE:
            return False
        self._idle = 0.0
        before, self._verdicts = self._verdicts, self._glance()
        return before != self._verdicts

    def _glance(self) -> dict[str, Verdict]:
        """One look at the checks that disturb nothing; what was seen last, while another verb is at work."""
        run, running = self._site.run()
        if any(entry.by == "learner" for entry in run.faults):
            return self._verdicts
        step = self._site.found.lab.step(self._site.current(run))
        try:
            with self._site.busy("watch"):
                return {one.id: one.verdict for one in glance(self._site, run, running, step.checks).checks}
        except Busy:
            return self._verdicts
