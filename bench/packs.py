"""Generates a valid pack of any size. Refuses to be content: its questions teach nothing."""

from __future__ import annotations

from pathlib import Path

PER_FILE = 200
TOPICS = 10

_QUESTION = """\
  - id: question-{number}
    topic: topic-{topic}
    level: mid
    kind: single
    prompt: Which of these four statements about generated thing number {number} holds on the system under test?
    options:
      - {{text: The statement {number} that was generated as the right one, correct: true, why: It is generated so.}}
      - {{text: The statement {number} that was generated as the first wrong one, why: It is generated so.}}
      - {{text: The statement {number} that was generated as the second wrong one, why: It is generated so.}}
      - {{text: The statement {number} that was generated as the third wrong one, why: It is generated so.}}
    why: A generated question explains that it was generated, at about the length of a real explanation in this pack.
    sources:
      - {{title: A standard, url: "https://www.rfc-editor.org/rfc/rfc9110", kind: rfc}}
"""


def generate(folder: Path, questions: int) -> None:
    """Write a pack with that many single-choice questions into `folder`."""
    (folder / "questions").mkdir(parents=True)
    topics = "".join(f"  - {{id: topic-{n}, title: Topic {n}, blurb: Generated}}\n" for n in range(TOPICS))
    (folder / "pack.yaml").write_text(
        f"format_version: 1\nid: generated\ntitle: Generated pack\ndescription: For measuring.\ntopics:\n{topics}"
    )
    for start in range(0, questions, PER_FILE):
        numbers = range(start, min(start + PER_FILE, questions))
        body = "".join(_QUESTION.format(number=number, topic=number % TOPICS) for number in numbers)
        (folder / "questions" / f"part-{start:05}.yaml").write_text("questions:\n" + body)
