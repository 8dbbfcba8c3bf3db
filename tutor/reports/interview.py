"""A mock interview as a Markdown report. Refuses to run anything: it renders a run and its result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tutor.interview.rubric import Result
    from tutor.interview.run import Run

TEMPLATES = Path(__file__).with_name("templates")


def interview_markdown(run: Run, result: Result) -> str:
    """The report: scores first, then each stage with what was said beside what was expected, then what to learn."""
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
    return template.render(run=run, scenario=run.scenario, result=result, criteria=criteria, flags=flags)


def _quote(text: str) -> str:
    """The text as a Markdown quotation."""
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines()) or "> (nothing)"
