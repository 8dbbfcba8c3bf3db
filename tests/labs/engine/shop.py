"""A shop that fits into one file, served on real sockets of the loopback address, for engines that start nothing.

It knows as much of the reference system's API as the tutor uses by itself: accounts, health, faults, behaviours. What
`orders` answers comes from a file that the learner may edit.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tutor.labs.engine.ports import free_ports


@dataclass
class Database:
    """What survives a restart."""

    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    behaviour: dict[str, Any] = field(default_factory=dict)
    channels: list[dict[str, Any]] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)


@dataclass
class Answer:
    """What is sent back."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Request:
    """What came."""

    method: str
    path: str
    body: Any
    token: str


class Door:
    """One port of one part, open or closed; `paused` takes requests in and answers none."""

    def __init__(self, handle: Callable[[Request], Answer]) -> None:
        self._handle = handle
        self._server: ThreadingHTTPServer | None = None
        [self.port] = free_ports(1)
        self._told = False
        self.running = threading.Event()
        self.running.set()

    def open(self) -> None:
        """Listen, on the same port as before."""
        if self._server is not None:
            return
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

            def _answer(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                raw = self.rfile.read(length)
                door.running.wait(30)
                token = self.headers.get("authorization", "").removeprefix("Bearer ")
                answer = door._handle(Request(self.command, self.path, json.loads(raw or b"null"), token))
                text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
                data = b"" if answer.body is None else text.encode()
                self.send_response(answer.status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.send_header("connection", "close")
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)
                self.close_connection = True

            do_GET = do_POST = do_PUT = do_DELETE = _answer

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that hung up is no news."""

        self._server = self._bound(lambda: Server(("127.0.0.1", self.port), Handler))
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def _bound(self, server: Callable[[], ThreadingHTTPServer]) -> ThreadingHTTPServer:
        """At the first time on another port when somebody was faster: nobody has been told this one yet."""
        while True:
            try:
                found = server()
            except OSError:
                if self._told:
                    raise
                [self.port] = free_ports(1)  # raises when no port at all is left
            else:
                self._told = True
                return found

    def close(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class Shop:
    """What the parts of one project answer."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.answers: dict[str, Any] = {}
        """What the learner's code of each service says, as it was when the service started."""
        self.faults: dict[str, dict[str, Any]] = {}
        self.users_work = True
        self.busy: list[Answer] = []
        """What the next logins are answered with, before one is let in."""
        self.metrics: dict[str, str] = {}
        """What each part says at `/metrics`; one that is not here has none."""

    def business(self, part: str, request: Request) -> Answer:
        """The http port of a part."""
        fault = self.faults.get(part, {})
        if fault.get("hang"):
            while self.faults.get(part, {}).get("hang"):
                time.sleep(0.01)
        time.sleep(fault.get("latency_ms", 0) / 1000)
        if fault.get("error_rate"):
            return Answer(fault.get("status", 503))
        if part == "gateway" and request.path.startswith("/api"):
            return self._api(request)
        return self._own(part, request)

    def ops(self, part: str, request: Request) -> Answer:
        """The ops port of a part."""
        database = self.database
        if request.path == "/faults":
            if request.method != "GET":
                self.faults[part] = request.body if request.method == "PUT" else {}
            return Answer(204 if request.method == "DELETE" else 200, self.faults.get(part) or {"active": False})
        if request.path == "/provider/behaviour" and part == "payments":
            database.behaviour = request.body if request.method == "PUT" else database.behaviour
            return Answer(200, database.behaviour)
        if request.path == "/channels/behaviour" and part == "notifications":
            if request.method != "GET":
                database.channels = [*database.channels, request.body] if request.method == "PUT" else []
            return Answer(204 if request.method == "DELETE" else 200, database.channels)
        if request.path == "/metrics" and part in self.metrics:
            return Answer(200, self.metrics[part])
        return Answer(200 if request.path.startswith("/health") else 404)

    def _own(self, part: str, request: Request) -> Answer:
        notes = self.database.notes
        if request.path == "/answer":
            return Answer(200, {"answer": self.answers.get(part)})
        if request.path.startswith("/notes/"):
            name = request.path.removeprefix("/notes/")
            if request.method in ("POST", "PUT"):
                notes[name] = request.body["text"]
                return Answer(201, {"id": name, "text": notes[name]})
            return Answer(200, {"text": notes[name]}) if name in notes else Answer(404)
        return Answer(404)

    def _api(self, request: Request) -> Answer:
        """What the gateway publishes; anything but users and logins is the business of orders."""
        path = request.path.removeprefix("/api")
        if path.startswith(("/users", "/auth")):
            return self._users(path, request) if self.users_work else Answer(503)
        if path == "/products":
            return Answer(200, {"items": []})
        return self._own("orders", Request(request.method, path, request.body, request.token))

    def _users(self, path: str, request: Request) -> Answer:
        if path == "/users":
            return self._register(request.body)
        if path == "/auth/login":
            return self._log_in(request.body)
        if path.endswith("/roles"):
            return self._roles(path.split("/")[2], request)
        who = self._who(request)
        return Answer(200, {"id": who["id"]}) if who else Answer(401)

    def _register(self, body: dict[str, Any]) -> Answer:
        users = self.database.users
        if body["email"] in users:
            return Answer(409)
        users[body["email"]] = {**body, "id": f"u{len(users) + 1}", "roles": ["customer"]}
        return Answer(201, {"id": users[body["email"]]["id"], "email": body["email"]})

    def _log_in(self, body: dict[str, Any]) -> Answer:
        if self.busy:
            return self.busy.pop(0)
        known = self.database.users.get(body["email"])
        if known is None or known["password"] != body["password"]:
            return Answer(401)
        token = f"token-{len(self.database.tokens) + 1}-of-{known['id']}"
        self.database.tokens[token] = known["email"]
        return Answer(200, {"access_token": token, "token_type": "Bearer"})

    def _who(self, request: Request) -> dict[str, Any]:
        return self.database.users.get(self.database.tokens.get(request.token, ""), {})

    def _roles(self, id_: str, request: Request) -> Answer:
        if "admin" not in self._who(request).get("roles", []):
            return Answer(403)
        for user in self.database.users.values():
            if user["id"] == id_:
                user["roles"] = request.body["roles"]
                return Answer(200, {"id": id_, "roles": user["roles"]})
        return Answer(404)
