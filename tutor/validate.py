"""Turns a YAML document into a model, or into sentences with lines. Refuses to know what the models mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from tutor.errors import ContentError, Problem
from tutor.shapes import PATTERNS
from tutor.yamlfile import Document, Place

M = TypeVar("M", bound=BaseModel)

MAX_PROBLEMS = 100
"""How many problems of one file are listed."""

_MAX_GUESSES = 20
"""For how many of them the key that was meant is looked for, which takes its time."""


def validate(document: Document, model: type[M]) -> M:
    """The document as a `model`.

    Raises: ContentError with a sentence and a line for each thing that does not fit.
    """
    if not isinstance(document.data, dict):
        keys = ", ".join(f"`{name}:`" for name, info in model.model_fields.items() if info.is_required())
        raise ContentError([Problem(document.path, 1, f"must be a mapping; start it with {keys}")])
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        words = _words(model)
        details = [{**detail, "words": words} for detail in error.errors(include_url=False)]
        raise ContentError(_problems(document, details)) from None


def _problems(document: Document, details: list[dict[str, Any]]) -> list[Problem]:
    """The first problems of a file, and how many more there are: nobody reads thousands."""
    details = [detail for detail in details if not _follows(detail)]
    for detail in details[_MAX_GUESSES:]:
        detail["no_guess"] = True
    found = [_problem(document, detail) for detail in details[:MAX_PROBLEMS]]
    if rest := details[MAX_PROBLEMS:]:
        line = document.line(_real_place(document, rest[-1]["loc"]))
        found.append(Problem(document.path, line, f"... and {len(rest)} more in this file"))
    return found


def _follows(detail: Mapping[str, Any]) -> bool:
    """True for a list that is only too short because its entries are wrong, which is said of each of them."""
    return detail["type"] == "too_short" and bool(len(detail["input"]) >= detail["ctx"]["min_length"])


def _problem(document: Document, detail: Mapping[str, Any]) -> Problem:
    place = _real_place(document, detail["loc"])
    known = _SENTENCES.get(detail["type"], _plain)
    return Problem(document.path, document.line(place), known(place, detail, document))


def _real_place(document: Document, loc: tuple[str | int, ...]) -> Place:
    """Drop from `loc` what names a union member and not a place in the file; keep a missing last key."""
    place: Place = ()
    for position, part in enumerate(loc):
        here = (*place, part)
        if here in document.lines or position == len(loc) - 1:
            place = here
    return place


def _name(place: Place) -> str:
    words = [str(part) for part in place if isinstance(part, str)]
    return f"`{words[-1]}`" if words else "the file"


def _missing(place: Place, detail: Mapping[str, Any], document: Document) -> str:
    return f"{_name(place)} is missing; add `{place[-1]}: ...`"


def _unknown(place: Place, detail: Mapping[str, Any], document: Document) -> str:
    key = "" if detail.get("no_guess") else str(place[-1])
    close = get_close_matches(key[:60], detail["words"].keys, n=1, cutoff=0.7)
    return f"{_name(place)} is not a known key; " + (f"did you mean `{close[0]}`?" if close else "remove it")


def _text_expected(place: Place, detail: Mapping[str, Any], document: Document) -> str:
    return f"{_name(place)} must be text, not {detail['input']!r:.60}; put it in quotes"


def _choice(place: Place, detail: Mapping[str, Any], document: Document) -> str:
    wanted = detail["ctx"].get("expected") or detail["ctx"].get("expected_tags")
    return f"{_name(place)} cannot be {detail['input']!r:.60}; write one of {wanted}"


def _tag_wanted(place: Place, detail: Mapping[str, Any], document: Document) -> str:
    """The key that says which of several shapes this is, such as `kind`, is missing or unknown."""
    key = detail["ctx"]["discriminator"].strip("'")
    unions = detail["words"].unions
    choices = next((unions[part, key] for part in reversed(place) if (part, key) in unions), ())
    wanted = ", ".join(choices) or detail["ctx"].get("expected_tags")
    given = detail["input"].get(key) if isinstance(detail["input"], dict) else None
    if given is None:
        return f"`{key}` is missing; write one of {wanted}"
    return f"`{key}` cannot be {given!r:.60}; write one of {wanted}"


def _pattern(place: Place, detail: Mapping[str, Any], document: Document) -> str:
    pattern = detail["ctx"]["pattern"]
    return f"{_name(place)} is {detail['input']!r:.60}; write {PATTERNS.get(pattern, f'text that fits {pattern}')}"


def _too_short(place: Place, detail: Mapping[str, Any], document: Document) -> str:
    least = detail["ctx"]["min_length"]
    if detail["type"] == "string_too_short":
        return f"{_name(place)} is empty; write some text"
    return f"{_name(place)} has {detail['ctx']['actual_length']} entries; give at least {least}"


def _too_long(place: Place, detail: Mapping[str, Any], document: Document) -> str:
    most = detail["ctx"]["max_length"]
    unit = "characters" if detail["type"] == "string_too_long" else "entries"
    return f"{_name(place)} is too long; keep it to {most} {unit}"


def _list_expected(place: Place, detail: Mapping[str, Any], document: Document) -> str:
    return f"{_name(place)} must be a list; put `- ` before each entry"


def _mapping_expected(place: Place, detail: Mapping[str, Any], document: Document) -> str:
    return f"{_name(place)} must be a mapping of keys to values, not {detail['input']!r:.60}"


def _own_rule(place: Place, detail: Mapping[str, Any], document: Document) -> str:
    return str(detail["ctx"]["error"]) if "ctx" in detail else str(detail["msg"])


def _plain(place: Place, detail: Mapping[str, Any], document: Document) -> str:
    message = str(detail["msg"]).removeprefix("Input should be ").removeprefix("Value error, ")
    return f"{_name(place)} is {detail['input']!r:.60}; it must be {message}"


_SENTENCES: dict[str, Callable[[Place, Mapping[str, Any], Document], str]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "string_type": _text_expected,
    "literal_error": _choice,
    "enum": _choice,
    "union_tag_invalid": _tag_wanted,
    "union_tag_not_found": _tag_wanted,
    "string_pattern_mismatch": _pattern,
    "string_too_short": _too_short,
    "too_short": _too_short,
    "string_too_long": _too_long,
    "too_long": _too_long,
    "tuple_type": _list_expected,
    "model_type": _mapping_expected,
    "model_attributes_type": _mapping_expected,
    "value_error": _own_rule,
}


@dataclass(frozen=True, slots=True)
class _Words:
    """Every key that a model and those inside it know; and where a field holds one of several models, what the key
    that tells them apart may be, by the name of the field and of that key.
    """

    keys: tuple[str, ...]
    unions: Mapping[tuple[str | int, str], tuple[str, ...]]


@cache
def _words(model: type[BaseModel]) -> _Words:
    models: dict[type[BaseModel], None] = {}
    _collect(model, models)
    keys = sorted({name for each in models for name in each.model_fields})
    unions: dict[tuple[str | int, str], tuple[str, ...]] = {}
    for each in models:
        for name, field in each.model_fields.items():
            for key, tags in _unions(field.annotation, field.discriminator):
                unions[field.alias or name, key] = tags
    return _Words(tuple(keys), unions)


def _unions(annotation: Any, discriminator: Any = None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each union of models in an annotation: the key that tells them apart, and its values."""
    if get_origin(annotation) is Annotated:
        annotation, *extras = get_args(annotation)
        discriminator = next((one.discriminator for one in extras if isinstance(one, FieldInfo)), None)
    if isinstance(discriminator, str):
        members = get_args(annotation)
        yield (
            discriminator,
            tuple(tag for one in members for tag in get_args(one.model_fields[discriminator].annotation)),
        )
        return
    for inner in get_args(annotation):
        yield from _unions(inner)


def _collect(annotation: Any, models: dict[type[BaseModel], None]) -> None:
    """Add to `models` each model that `annotation` is or holds, in the order of the fields."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation not in models:
            models[annotation] = None
            for field in annotation.model_fields.values():
                _collect(field.annotation, models)
        return
    for inner in get_args(annotation):
        _collect(inner, models)
