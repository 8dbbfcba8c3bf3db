"""Labs for tests: a small system, a lab about it, in folders of the test's own."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tutor.labs.definition import Lab
from tutor.labs.library import Found, Library

SYSTEM = {
    "services/orders/__init__.py": "",
    "services/orders/answer.py": "ANSWER = 1\n",
    "services/orders/deep/more.py": "MORE = True\n",
    "services/chassis/__init__.py": "",
    "services/users/answer.py": "",
    "config/gateway/routes.yaml": "routes: []\n",
    "config/prometheus/rules.yml": "groups: []\n",
}

_CHECK = {
    "id": "orders-answers",
    "title": "Orders answers 1",
    "why": "Whoever asks orders needs its answer.",
    "kind": "http",
    "part": "orders",
    "path": "/answer",
    "expect": {"json": {"answer": 1}},
}

LAB: dict[str, Any] = {
    "format_version": 1,
    "id": "small-lab",
    "title": "A small lab",
    "topic": "day-44",
    "level": "mid",
    "minutes": 20,
    "does": "edits code",
    "proves": "Can mend an answer.",
    "briefing": {
        "severity": "sev2",
        "impact": "Nobody gets an answer.",
        "story": "Since noon the answer of orders is wrong.",
        "messages": [{"kind": "alert", "from": "prometheus", "at": "12:00", "text": "WrongAnswer is firing"}],
    },
    "system": {
        "parts": ["gateway", "users", "orders", "redis"],
        "engines": ["docker"],
        "engine_note": "It is about containers.",
    },
    "edit": ["services/orders", "config/gateway"],
    "faults": [
        {"kind": "service", "id": "orders-slow", "title": "Orders is slow", "part": "orders", "latency_ms": 20},
        {"kind": "kill", "id": "redis-dead", "title": "Redis is killed", "part": "redis"},
    ],
    "steps": [
        {
            "id": "mend",
            "title": "Mend the answer",
            "task": "Make `GET /answer` of orders give `answer: 1`. Change `services/orders/answer.py`.",
            "hints": ["Look at answer.py.", "ANSWER is wrong.", "Write ANSWER = 1."],
            "explain": "The answer was wrong; now it is right.",
            "solve": [{"do": "copy", "files": ["services/orders/answer.py"]}],
            "checks": [
                _CHECK,
                {
                    **_CHECK,
                    "id": "shop-is-open",
                    "title": "Products are listed",
                    "part": "gateway",
                    "path": "/api/products",
                    "guard": True,
                    "expect": {"status": 200},
                },
                {
                    **_CHECK,
                    "id": "answers-when-slow",
                    "title": "Orders answers while it is slow",
                    "under": ["orders-slow"],
                    "needs": ["orders-answers"],
                },
            ],
        },
        {
            "id": "note",
            "title": "Leave a note",
            "task": "`PUT /notes/done` at orders with the text `mended`.",
            "hints": ["Use curl.", "PUT it.", "curl -X PUT ..."],
            "explain": "A note is left.",
            "solve": [
                {
                    "do": "http",
                    "part": "gateway",
                    "method": "PUT",
                    "path": "/api/notes/done",
                    "as": "customer",
                    "json": {"text": "mended"},
                }
            ],
            "checks": [
                {
                    **_CHECK,
                    "id": "note-is-left",
                    "title": "The note is there",
                    "part": "gateway",
                    "path": "/api/notes/done",
                    "as": "customer",
                    "expect": {"status": 200, "json": {"text": "mended"}},
                }
            ],
        },
    ],
    "debrief": {
        "happened": "Somebody changed the answer.",
        "model": "What is asked is answered.",
        "incident": "It happened elsewhere too.",
        "questions": ["gateway-timeouts"],
        "sources": [{"title": "HTTP", "url": "https://www.rfc-editor.org/rfc/rfc9110", "kind": "rfc"}],
    },
}


def lab_data(**changes: Any) -> dict[str, Any]:
    """The small lab as data, with keys changed."""
    return copy.deepcopy(LAB) | changes


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """Put these files into a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def as_yaml(data: Mapping[str, Any]) -> str:
    """As an author writes it: without anchors, which content may not have."""
    return yaml.safe_dump(json.loads(json.dumps(data)), sort_keys=False, allow_unicode=True)


def write_lab(folder: Path, data: Mapping[str, Any] | None = None, **files: str) -> Path:
    """A lab in the folder of its id: its lab.yaml, and the small lab's start and wrong solutions beside it."""
    data = data or lab_data()
    place = folder / str(data["id"])
    write_files(place, {"lab.yaml": as_yaml(data)})
    write_files(place, {"start/services/orders/answer.py": "ANSWER = 0\n"})
    for name, answer in (("none", "None"), ("two", "2")):
        fixture = {"about": f"Answers {answer}.", "red": ["orders-answers"]}
        write_files(place / "wrong" / name, {"wrong.yaml": yaml.safe_dump(fixture)})
        write_files(place / "wrong" / name, {"services/orders/answer.py": f"ANSWER = {answer}\n"})
    other = {"alternative.yaml": yaml.safe_dump({"about": "Computes it."})}
    write_files(place / "alternative" / "sum", {**other, "services/orders/answer.py": "ANSWER = 2 - 1\n"})
    write_files(place, {name.replace("__", "/"): text for name, text in files.items()})
    return place


def small_system(folder: Path) -> Path:
    """A system that knows as much as the small lab needs."""
    return write_files(folder / "system", SYSTEM)


def small_lab(folder: Path, **changes: Any) -> Found:
    """The small lab, loaded from below this folder as if it shipped with the program."""
    labs = folder / "labs"
    write_lab(labs, lab_data(**changes))
    return Library(labs).open("small-lab")


def lab(**changes: Any) -> Lab:
    """The small lab as a model."""
    return Lab.model_validate(lab_data(**changes))
