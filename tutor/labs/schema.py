"""JSON Schemas of a lab's files, so that an editor can complete and check them. Refuses to validate anything: what
spans several places is checked by the models and by lint.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from tutor.labs.definition import Fixture, Lab

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_FILES: dict[str, tuple[type[BaseModel], str]] = {
    "lab": (Lab, "lab.yaml: one lab, from the incident to the debrief"),
    "fixture": (Fixture, "wrong.yaml and alternative.yaml: another way to solve a lab, and what becomes of it"),
}


def schemas() -> dict[str, dict[str, Any]]:
    """File name, such as `lab.schema.json`, to JSON Schema."""
    found = {}
    for stem, (model, title) in _FILES.items():
        body = model.model_json_schema()
        description = " ".join(str(body.pop("description", "")).split())
        del body["title"]
        name = f"{stem}.schema.json"
        found[name] = {"$schema": DIALECT, "$id": name, "title": title, "description": description} | body
    return found
