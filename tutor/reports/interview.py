"""A mock interview as a Markdown report. Refuses to run anything: it renders a run and its result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tutor.interview.rubric import HOW_TOTAL

if TYPE_CHECKING:
    from tutor.content.models.scenario import Stage
    from tutor.interview.rubric import Result
    from tutor.interview.run import Run

TEMPLATES = Path(__file__).with_name("templates")


def interview_markdown(run: Run, result: Result) -> str:
    """The report: scores first, then each stage with what was said beside what was expected, then what to learn.

    Of a run that is not finished it holds what was reached and nothing else: no verdict, no later stage, no answer that
    was not shown yet.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # the output is Markdown, not HTML
    )
    environment.filters["quote"] = _quote
    criteria = [(criterion, run.criteria.get(criterion.id)) for criterion in run.scenario.rubric]
    flags = [flag for flag in run.scenario.red_flags if flag.id in run.flags]
    template = environment.get_template("interview.md.j2")
    return template.render(
        run=run,
        scenario=run.scenario,
        result=result,
        criteria=criteria,
        flags=flags,
        reached=_reached(run),
        where=_where(run),
        how_total=HOW_TOTAL,
    )


def _reached(run: Run) -> list[tuple[Stage, int]]:
    """The stages to show, each with how many of its follow-ups: of an unfinished run those that were put."""
    stages = run.scenario.stages
    if run.ended:
        return [(stage, len(stage.followups)) for stage in stages]
    reached = []
    for stage in stages:
        answer = run.answers.get(stage.id)
        if answer or stage.id in run.grades or (run.clarified and stage is run.stage):
            put = len(stage.followups) if stage.id in run.grades else len(answer.replies) + 1 if answer else 0
            reached.append((stage, put))
    return reached


def _where(run: Run) -> str:
    """How far an unfinished run came."""
    stage, stages = run.stage, run.scenario.stages
    if not run.clarified:
        return "before the first stage"
    return f"in stage {stages.index(stage) + 1} of {len(stages)}" if stage else "before the rubric"


def _quote(text: str) -> str:
    """The text as a Markdown quotation."""
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines()) or "> (nothing)"
