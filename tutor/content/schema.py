"""JSON Schemas of the content files, so that an editor can complete and check them. Refuses to validate anything:
what spans several places is checked by the loader and by lint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tutor.content.models.pack import ChecklistFile, Pack, TipsFile
from tutor.content.models.question import QuestionFile
from tutor.content.models.recap import RecapFile
from tutor.content.models.scenario import ScenarioFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_FILES: dict[str, tuple[type[BaseModel], str]] = {
    "pack": (Pack, "pack.yaml: what the pack is and which topics it has"),
    "recap": (RecapFile, "recap/*.yaml: one topic, told section by section"),
    "questions": (QuestionFile, "questions/*.yaml: questions of any of the eight kinds"),
    "scenarios": (ScenarioFile, "scenarios/*.yaml: the script of one mock interview"),
    "checklist": (ChecklistFile, "checklist.yaml: what a learner wants to claim, and the evidence for it"),
    "tips": (TipsFile, "tips.yaml: interview tips with a weak and a good example"),
}


def schemas() -> dict[str, dict[str, Any]]:
    """File name, such as `questions.schema.json`, to JSON Schema."""
    return {_name(stem): _schema(stem, model, title) for stem, (model, title) in _FILES.items()}


def write_schemas(folder: Path, found: Mapping[str, dict[str, Any]]) -> list[Path]:
    """Write schemas, by file name, into `folder`, which is made when it is missing; the paths written.

    Raises: OSError when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in found.items():
        path = folder / name
        path.write_text(as_text(schema), encoding="utf-8", newline="\n")
        written.append(path)
    return written


def as_text(schema: dict[str, Any]) -> str:
    """The schema as it stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _name(stem: str) -> str:
    return f"{stem}.schema.json"


def _schema(stem: str, model: type[BaseModel], title: str) -> dict[str, Any]:
    body = model.model_json_schema()
    description = " ".join(str(body.pop("description", "")).split())
    del body["title"]
    head = {"$schema": DIALECT, "$id": _name(stem), "title": title, "description": description}
    return head | body
