"""Rules on diagrams and code: what is shown must draw, parse and fit. Refuses to run code."""

from __future__ import annotations

import ast
import json
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from itertools import zip_longest

from tutor.content.lint.walk import codes, diagrams
from tutor.content.models.question import SpotQuestion
from tutor.content.placed import PackSource
from tutor.drawing import FAILURES, too_big
from tutor.errors import Problem
from tutor.yamlfile import syntax_problem

WIDTH = 76
HEIGHT = 60

_HEADER = re.compile(r"(?:(graph|flowchart)\s+(?:TD|TB|LR|BT|RL)|(sequenceDiagram))\s*(?:;|$)", re.MULTILINE)
_NODE_ID = re.compile(r"[\w.-]+")


def diagram_faults(source: PackSource) -> Iterator[Problem]:
    """Diagrams that do not draw, leave something out, or do not fit an 80-column terminal."""
    for at, text in diagrams(source):
        if fault := diagram_fault(text):
            yield at.problem(fault)


def diagram_fault(text: str) -> str:
    """What is wrong with one Mermaid text, or an empty text."""
    header = _HEADER.match(text.strip())
    if not header:
        return "the diagram must start with `graph TD`, `graph LR` or `sequenceDiagram`"
    if fault := too_big(text):
        return fault
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            unread = _unread_flowchart(text) if header[1] else _unread_sequence(text)
            drawn = _draw(text)
        except (*FAILURES, Warning) as error:
            return f"the diagram cannot be drawn ({error}); simplify it"
    return unread or _misfit(drawn)


def _draw(text: str) -> str:
    import termaid

    return termaid.render(text)


def _unread_flowchart(text: str) -> str:
    """A line that is no Mermaid becomes a node with the whole line as its name."""
    from termaid.parser.flowchart import parse_flowchart

    graph = parse_flowchart(text)
    if graph.warnings:
        return f"the diagram is not fully understood: {graph.warnings[0]}; write plain nodes and arrows"
    for node in graph.nodes:
        if not _NODE_ID.fullmatch(node):
            return f"the diagram has a line that is not understood near {node!r:.60}; write nodes such as A[label]"
    if not graph.nodes:
        return "the diagram draws nothing; write at least one node"
    return ""


def _unread_sequence(text: str) -> str:
    from termaid.parser.sequence import parse_sequence_diagram

    diagram = parse_sequence_diagram(text)
    if diagram.warnings:
        return f"the diagram is not fully understood: {diagram.warnings[0]}; write lines such as A->>B: text"
    if not diagram.participants:
        return "the diagram draws nothing; write at least one message"
    return ""


def _misfit(drawn: str) -> str:
    lines = drawn.splitlines()
    width = max((_columns(line.rstrip()) for line in lines), default=0)
    if not width:
        return "the diagram draws nothing; write at least one node"
    if width > WIDTH:
        return f"the diagram is {width} columns wide (at most {WIDTH}); shorten labels or draw it top down"
    if len(lines) > HEIGHT:
        return f"the diagram is {len(lines)} lines high (at most {HEIGHT}); leave out nodes"
    return ""


def _columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else not unicodedata.combining(char) for char in line)


def code_faults(source: PackSource) -> Iterator[Problem]:
    """Code that does not parse, or that does not fit an 80-column terminal."""
    for at, code in codes(source):
        if fault := _PARSERS.get(code.language, _anything)(code.text):
            yield at.problem(f"the {code.language} code does not parse, {fault}")
        for number, line in enumerate(code.text.splitlines(), start=1):
            if (width := _columns(line.expandtabs(4))) > WIDTH:
                yield at.problem(f"line {number} of the code is {width} columns wide; break it at {WIDTH}")


def unrepaired(source: PackSource) -> Iterator[Problem]:
    """Code to find a fault in whose repair changes nothing, or whose faulty line is blank."""
    for placed in source.questions:
        question = placed.content
        if not isinstance(question, SpotQuestion):
            continue
        before, after = (code.text.rstrip().splitlines() for code in (question.code, question.fixed))
        if all((one or "").rstrip() == (two or "").rstrip() for one, two in zip_longest(before, after)):
            yield placed.problem("`fixed` is the same as `code`; write the code as it should be", "fixed")
        lines = question.code.text.splitlines()
        for number, fault in enumerate(question.faults):
            if not lines[fault.line - 1].strip():
                yield placed.problem(
                    f"fault on line {fault.line}, but that line is blank; lines count from 1",
                    *("faults", number, "line"),
                )


def _python(text: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Python warns about code that a reader will stumble over, such as "\d"
        try:
            ast.parse(text)
        except SyntaxError as error:
            return f"line {error.lineno}: {error.msg}; write a snippet that Python can read"
        except (ValueError, RecursionError, MemoryError) as error:
            return f"{error}; write a snippet that Python can read"
    return ""


def _json(text: str) -> str:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"line {error.lineno}: {error.msg}; write whole, valid JSON or use language text"
    except RecursionError:
        return "it is nested too deeply; flatten it"
    return ""


def _anything(text: str) -> str:
    return ""


_PARSERS: dict[str, Callable[[str], str]] = {"python": _python, "json": _json, "yaml": syntax_problem}
