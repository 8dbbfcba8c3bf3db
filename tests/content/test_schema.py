"""JSON Schemas for editors: complete, strict, and as committed."""

from __future__ import annotations

import json
from pathlib import Path

from tutor.content.models.question import KINDS
from tutor.content.schema import DIALECT, as_text, schemas, write_schemas
from tutor.labs.schema import schemas as schemas_of_labs
from tutor.paths import bundled_content

COMMITTED = bundled_content() / "schema"


def test_there_is_a_schema_for_each_kind_of_file() -> None:
    """Six kinds of file, each schema with its own name, title and description."""
    found = schemas()
    assert sorted(found) == [
        f"{stem}.schema.json" for stem in sorted(("checklist", "pack", "questions", "recap", "scenarios", "tips"))
    ]
    for name, schema in found.items():
        assert (schema["$schema"], schema["$id"]) == (DIALECT, name)
        assert schema["title"]
        assert schema["description"]


def test_schemas_refuse_unknown_keys() -> None:
    """Every object of every schema is closed, as the loader is."""
    for name, schema in schemas().items():
        for shape in [schema, *schema.get("$defs", {}).values()]:
            if shape.get("type") == "object":
                assert shape["additionalProperties"] is False, (name, shape["title"])


def test_question_schema_tells_the_kinds_apart() -> None:
    """An editor knows the eight kinds by the key `kind`."""
    entries = schemas()["questions.schema.json"]["properties"]["questions"]["items"]
    assert set(entries["discriminator"]["mapping"]) == set(KINDS)


def test_committed_schemas_are_current() -> None:
    """What lies in content/schema is what the models say; write it again with `tutor content schema`."""
    wanted = {name: as_text(schema) for name, schema in (schemas() | schemas_of_labs()).items()}
    assert {path.name: path.read_text(encoding="utf-8") for path in COMMITTED.iterdir()} == wanted


def test_written_schemas_are_json(tmp_path: Path) -> None:
    """Each file is valid JSON that ends in a newline, in a folder made on the way."""
    written = write_schemas(tmp_path / "a" / "b", schemas())
    assert len(written) == 6
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert json.loads(text)["$id"] == path.name
        assert text.endswith("}\n")
