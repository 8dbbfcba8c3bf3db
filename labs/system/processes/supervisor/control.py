"""Answers whoever asks the supervisor, on a socket that only its owner may open: one question, one answer, in JSON.

Refuses anybody else by the permissions of the socket, and questions that are none with a sentence.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from processes.supervisor.system import System

MAX_QUESTION = 65_536
SECONDS = 5.0
"""Until somebody who has connected has to have asked."""

ACTIONS = ("start", "stop", "kill", "pause", "resume", "restart")


class Refused(Exception):
    """The question makes no sense here; the text is the answer."""


class Control:
    """The socket, and what is answered on it. `over` is set when the system is to end."""

    def __init__(self, system: System, path: Path) -> None:
        self._system = system
        self.over = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            self._listener.bind(str(path))
        finally:
            os.umask(before)
        self._listener.listen(32)
        self._answers: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
            "where": lambda _: system.where(),
            "facts": self._facts,
            "act": self._act,
            "well": self._well,
            "start": lambda _: system.start(),
            "end": lambda _: self.over.set(),
        }

    def serve(self) -> None:
        """Answer for ever, in a thread of its own."""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(SECONDS)
            try:
                answer = {"answer": self._answered(_question(connection))}
            except Refused as refusal:
                answer = {"refused": str(refusal)}
            except OSError:
                return
            connection.settimeout(SECONDS)
            try:
                connection.sendall(json.dumps(answer).encode() + b"\n")
            except OSError:
                return  # who asked has gone

    def _answered(self, question: Mapping[str, Any]) -> Any:
        answer = self._answers.get(str(question.get("ask")))
        if answer is None:
            raise Refused(f"nobody can be asked {question.get('ask')!r} here")
        return answer(question)

    def _facts(self, question: Mapping[str, Any]) -> list[dict[str, Any]]:
        part = question.get("part")
        return [one.facts() for one in self._system.instances if part in (None, one.part)]

    def _well(self, question: Mapping[str, Any]) -> None:
        """Who asks has seen this instance ready."""
        for one in self._system.instances:
            if one.name == question.get("instance"):
                one.well = True

    def _act(self, question: Mapping[str, Any]) -> None:
        what, part, instance = (str(question.get(name, "")) for name in ("do", "part", "instance"))
        if what not in ACTIONS:
            raise Refused(f"{what!r} can be done to no process")
        found = [one for one in self._system.of(part) if instance in ("", one.name)]
        if not found:
            raise Refused(f"there is no process of {instance or part}")
        with ThreadPoolExecutor(len(found)) as pool:
            list(pool.map(lambda one: one.do(what), found))


def _question(connection: socket.socket) -> Mapping[str, Any]:
    said = b""
    while not said.endswith(b"\n"):
        piece = connection.recv(4096)
        if not piece or len(said) > MAX_QUESTION:
            raise Refused("that is no question")
        said += piece
    try:
        question = json.loads(said)
    except ValueError:
        raise Refused("that is no question") from None
    if not isinstance(question, dict):
        raise Refused("that is no question")
    return question
