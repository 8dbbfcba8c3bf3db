"""Proves a lab: it is red as shipped, green when solved, red again for each wrong solution, and blames nobody when what
it needs is killed. Refuses to touch the learner's own labs in progress: it works in a folder of its own beside them.
"""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import replace

from tutor.errors import TutorError
from tutor.labs.checking import check
from tutor.labs.engine.base import PORTS, Action
from tutor.labs.hinting import skip
from tutor.labs.library import FixtureAt, fixtures
from tutor.labs.news import Checked, News, Said
from tutor.labs.report import Row
from tutor.labs.site import Site, closed, drained
from tutor.labs.starting import reset, start
from tutor.labs.stopping import stop
from tutor.labs.verdict import CheckReport, Verdict

FOLDER = ".proof-{engine}-{lab}"
"""Always the same one, so that what a killed proof has left is found, and removed, by the next; and none is shared, so
that any can be proved at once.
"""

PATIENCE, PAUSE = 60.0, 0.2
Reports = dict[str, CheckReport]
Stage = Generator[News, None, None]


def prove(site: Site, engine: str) -> Iterator[News | Row]:
    """Prove the lab on this engine; the last value is its row. Closed before that, everything is removed."""
    yield from _Proof(replace(site, data=site.data / FOLDER.format(engine=engine, lab=site.id)), engine).run()


class _Proof:
    """One proof under way."""

    def __init__(self, site: Site, engine: str) -> None:
        self._site, self._engine = site, engine
        self._lab = site.found.lab
        self._row = Row(site.id, engine)
        self._problems: list[str] = []
        self._shipped: Reports = {}

    def run(self) -> Generator[News | Row, None, None]:
        """Every stage; one that cannot be done ends the proof, and the lab is stopped all the same."""
        begun = self._site.now()
        stages = (
            self._start, self._as_shipped, self._solved, self._twice, self._killed, self._reset, self._wrong,
            self._alternatives,
        )  # fmt: skip
        name = ""
        try:
            for stage in stages:
                name = stage.__name__.strip("_").replace("_", " ")
                yield Said(f"{self._lab.id} on {self._engine}: {name}")
                yield from stage()
        except TutorError as error:
            self._problems.append(f"{name}: {error.message}")
        finally:
            self._stop()
        seconds = (self._site.now() - begun).total_seconds()
        yield replace(self._row, seconds=seconds, problems=tuple(self._problems))

    def _stop(self) -> None:
        """Stop it, also when nobody listens any more; afterwards nothing is left."""
        site = self._site
        try:
            site.workspace().restore(site.pristine, site.now())  # a stop keeps edits, and these are nobody's
            drained(stop(site))
            engine = site.engine(self._engine)
            left = ["its system"] if any(engine.find(project) for project in site.free_projects()) else []
        except TutorError as error:
            self._problems.append(f"stop: {error.message}")
            return
        for backup in site.home.glob("workspace-*"):
            shutil.rmtree(backup)
        with suppress(OSError):
            site.home.rmdir()
            site.data.rmdir()
        left += sorted(path.name for path in site.home.iterdir()) if site.home.is_dir() else []
        self._note("left", left)
        self._row = replace(self._row, clean=not left)

    def _start(self) -> Stage:
        site = self._site
        site.workspace().restore(site.pristine, site.now())
        if site.kept()[0] is not None:  # a proof was killed: what it had found out and passed is not this one's
            yield from stop(site)
        yield from start(site, self._engine)

    def _as_shipped(self) -> Stage:
        """Each required check fails, or waits for one that does; a guard passes; nothing is an error."""
        self._shipped = yield from self._checked()
        wrong = list(self._not_as_shipped(self._shipped))
        self._note("as shipped", wrong)
        self._row = replace(self._row, shipped=not wrong)

    def _not_as_shipped(self, reports: Reports) -> Iterator[str]:
        for one in self._lab.checks:
            verdict = reports[one.id].verdict
            wanted = (Verdict.PASS,) if one.guard else (Verdict.FAIL, Verdict.BLOCKED)
            if (one.required or one.guard) and verdict not in wanted:
                yield _said(reports[one.id])
        for step in self._lab.steps:
            if not any(
                reports[one.id].verdict is Verdict.FAIL for one in step.checks if one.required and not one.guard
            ):
                yield f"step `{step.id}` has no required check that fails"

    def _solved(self) -> Stage:
        green = yield from self._green("solved", None)
        self._row = replace(self._row, solved=green)

    def _green(self, stage: str, fixture: FixtureAt | None) -> Generator[News, None, bool]:
        """Do each step and look at it; whether every check passes."""
        wrong: list[str] = []
        for step in self._lab.steps:
            yield from skip(self._site, step.id, fixture)
            reports = yield from self._checked(step.id)
            wrong += [_said(one) for one in reports.values() if one.verdict is not Verdict.PASS]
        self._note(stage, wrong)
        return not wrong

    def _twice(self) -> Stage:
        """What is solved stays solved, however often one looks."""
        reports = yield from self._checked()
        wrong = [_said(one) for one in reports.values() if one.verdict is not Verdict.PASS]
        self._note("looked at again", wrong)
        self._row = replace(self._row, twice=not wrong)

    def _killed(self) -> Stage:
        """With something killed that the lab needs, no check says that the learner's work is wrong."""
        wrong: list[str] = []
        _, running = self._site.run()
        engine = self._site.engine(running.engine)
        for part in self._victims():
            engine.act(running, Action("kill", part))
            reports = yield from self._checked()
            wrong += [f"with {part} killed, {_said(one)}" for one in reports.values() if one.verdict is Verdict.FAIL]
            engine.act(running, Action("start", part))
            for _ in range(int(PATIENCE / PAUSE)):
                if self._site.answers(part, running.addresses):
                    break
                self._site.sleep(PAUSE)
        self._note("killed", wrong)
        self._row = replace(self._row, killed=not wrong)

    def _victims(self) -> list[str]:
        """A tool and a service: the first of each that the lab has, the gateway last."""
        parts = sorted(self._lab.system.parts, key=lambda part: part == "gateway")
        tools = [part for part in parts if "ops" not in PORTS.get(part, {})]
        services = [part for part in parts if "ops" in PORTS.get(part, {})]
        return tools[:1] + services[:1]

    def _reset(self) -> Stage:
        """Files and verdicts are those of the start again."""
        yield from reset(self._site)
        run, _ = self._site.run()
        wrong = [
            f"{name} is not as at the start"
            for name in self._site.workspace(run.workspace).differing(self._site.pristine)
        ]
        reports = yield from self._checked()
        for id_, before in self._shipped.items():
            if reports[id_].verdict is not before.verdict:
                wrong.append(f"`{id_}` was {before.verdict} before, now {_said(reports[id_])}")
        self._note("reset", wrong)
        self._row = replace(self._row, reset=not wrong)

    def _wrong(self) -> Stage:
        """Each wrong solution keeps the checks red that it names."""
        found = fixtures(self._site.found, "wrong")
        red = 0
        for number, fixture in enumerate(found):
            if number:
                yield from reset(self._site)
            wrong = yield from self._still_green(fixture)
            self._note(f"wrong/{fixture.name}", wrong)
            red += not wrong
        self._row = replace(self._row, wrong=(red, len(found)))

    def _still_green(self, fixture: FixtureAt) -> Generator[News, None, list[str]]:
        """What should be red with this solution, and is not."""
        wrong: list[str] = []
        waiting = set(fixture.fixture.red)
        for step in self._lab.steps:
            if not waiting:
                break
            yield from skip(self._site, step.id, fixture)
            named = frozenset(waiting & {one.id for one in step.checks})
            reports = (yield from self._checked(step.id, named)) if named else {}
            for id_ in sorted(named):
                if reports[id_].verdict is not Verdict.FAIL:
                    wrong.append(f"it should fail, and {_said(reports[id_])}")
            waiting -= named
        return [*wrong, *(f"it names `{id_}`, which is no check" for id_ in sorted(waiting))]

    def _alternatives(self) -> Stage:
        """Each other right solution is green."""
        found = fixtures(self._site.found, "alternative")
        green = 0
        for fixture in found:
            yield from reset(self._site)
            green += yield from self._green(f"alternative/{fixture.name}", fixture)
        self._row = replace(self._row, alternatives=(green, len(found)))

    def _checked(self, step: str = "", only: frozenset[str] = frozenset()) -> Generator[News, None, Reports]:
        """The reports of one step, or of all, by check; `only` as for `check`."""
        found: Reports = {}
        with closed(check(self._site, step, every=not step, only=only)) as stream:
            for told in stream:
                if isinstance(told, Checked):
                    found |= {one.id: one for one in told.step.checks}
                yield told
        return found

    def _note(self, stage: str, problems: list[str]) -> None:
        self._problems += [f"{stage}: {problem}" for problem in problems]


def _said(report: CheckReport) -> str:
    """A check and what it came to, with the reason."""
    mismatch = report.mismatches[0] if report.mismatches else None
    reason = report.note or (f"{mismatch.path} is {mismatch.actual}, not {mismatch.expected}" if mismatch else "")
    return f"`{report.id}` is {report.verdict}" + (f" ({reason})" if reason else "")
