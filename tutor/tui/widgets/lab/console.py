"""The request console of a lab: a method and a path, headers, a body, as whom; what came back; what was sent before.
Refuses to send anything but through the gateway, and a second request before the first has its answer.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from tutor.errors import TutorError
from tutor.tui.lab_keys import CONSOLE
from tutor.tui.widgets.lab.asks import LogsOf, TraceOf
from tutor.tui.widgets.rows import Row, Rows

if TYPE_CHECKING:
    from tutor.labs.console import Console, Exchange, Wanted
    from tutor.tui.lab_bench import Bench

QUIET = "$foreground 65%"
KEPT = 50
LONGEST = 20_000
"""Characters of an answer that are shown."""
FIELDS = (
    ("line", "GET /api/products"),
    ("headers", "Header: value; Another: value"),
    ("body", 'a body, such as {"email": "me@learner.test"}'),
)
EMPTY = "Enter sends. What came back is shown here, and the same request as a curl command."


class ConsolePane(Vertical):
    """A form, the requests sent so far, and the answer of the one pointed at."""

    BINDINGS: ClassVar[list[BindingType]] = CONSOLE

    class Answered(Message):
        """An answer came, or why there is none."""

        def __init__(self, exchange: Exchange | None, trouble: TutorError | None) -> None:
            super().__init__()
            self.exchange, self.trouble = exchange, trouble

    def __init__(self, id: str) -> None:
        super().__init__(id=id, classes="live")
        self.bench: Bench | None = None
        self._who = 0
        self._sending = False

    def compose(self) -> ComposeResult:
        """The form on top, the answer below, the requests so far at the end."""
        for name, placeholder in FIELDS:
            with Horizontal(classes="field"):
                yield Static("request" if name == "line" else name, classes="label")
                yield Input(placeholder=placeholder, id=f"request-{name}", compact=True)
        yield Static("", classes="who", markup=False)
        with VerticalScroll(classes="sent", can_focus=False):
            yield Rows()
        with VerticalScroll(classes="answer"):
            yield Static(EMPTY, classes="came", markup=False)

    def on_mount(self) -> None:
        """Say as whom."""
        self._about()

    def open(self, bench: Bench) -> None:
        """Send requests to this lab."""
        self.bench = bench
        self._list()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what does something now."""
        typing = isinstance(self.screen.focused, Input)
        if action == "leave":
            return typing
        if action == "take":
            return not typing and bool(self._sent)
        return bool(self._sent) if action in ("trace", "logs") else True

    def enter(self) -> None:
        """Take the focus."""
        self.query_one("#request-line", Input).focus()

    def say(self, sentence: str) -> None:
        """A sentence in place of the answer."""
        self.query_one(".came", Static).update(sentence)

    @on(Input.Submitted)
    def _send_it(self, event: Input.Submitted) -> None:
        event.stop()
        if self.bench is None or not self.bench.running:
            self.say("The lab does not run, so nobody would answer. s starts it (Esc leaves the form first).")
        elif not self._sending:
            self._sending = True
            self.say("Sent; waiting for the answer...")
            self._send(self.bench.console, self._wanted())

    def action_who(self) -> None:
        """As the next of those who can log in."""
        from tutor.labs.console import WHO

        self._who = (self._who + 1) % len(WHO)
        self._about()

    def action_leave(self) -> None:
        """From the form to the requests sent so far, or to the answer when there is none."""
        self.query_one(Rows if self._sent else ".answer").focus()

    def action_take(self) -> None:
        """Put the request pointed at into the form again."""
        from tutor.labs.console import WHO

        if exchange := self._pointed():
            wanted = exchange.wanted
            for name, value in (("line", wanted.line), ("headers", wanted.headers), ("body", wanted.body)):
                self.query_one(f"#request-{name}", Input).value = value
            self._who = WHO.index(wanted.who)
            self._about()
            self.enter()

    def action_trace(self) -> None:
        """Show the trace of the request pointed at."""
        if (exchange := self._pointed()) and exchange.trace:
            self.post_message(TraceOf(exchange.trace))

    def action_logs(self) -> None:
        """Show what was logged about the request pointed at."""
        if exchange := self._pointed():
            self.post_message(LogsOf(exchange.correlation or exchange.trace))

    def on_rows_moved(self) -> None:
        """Show the answer of the request pointed at."""
        if (exchange := self._pointed()) and not self._sending:
            self._show(exchange)

    @work(thread=True)
    def _send(self, console: Console, wanted: Wanted) -> None:
        try:
            self.post_message(self.Answered(console.send(wanted), None))
        except TutorError as error:
            self.post_message(self.Answered(None, error))

    @on(Answered)
    def _came(self, message: Answered) -> None:
        message.stop()
        self._sending = False
        if message.trouble or message.exchange is None:
            self.say(str(message.trouble))
            return
        if self.bench is not None:
            self.bench.sent = [message.exchange, *self.bench.sent][:KEPT]
        self._list()

    def _list(self) -> None:
        """Show what was sent so far, and the newest answer."""
        rows = self.query_one(Rows)
        rows.rows = tuple(map(_row, self._sent))
        rows.cursor = 0 if self._sent else -1
        if self._sent:
            self._show(self._sent[0])
        self.screen.refresh_bindings()

    @property
    def _sent(self) -> list[Exchange]:
        return self.bench.sent if self.bench else []

    def _wanted(self) -> Wanted:
        from tutor.labs.console import WHO, Wanted

        line, headers, body = (self.query_one(f"#request-{name}", Input).value for name, _ in FIELDS)
        return Wanted(line, headers, body, WHO[self._who])

    def _pointed(self) -> Exchange | None:
        cursor = self.query_one(Rows).cursor
        return self._sent[cursor] if 0 <= cursor < len(self._sent) else None

    def _about(self) -> None:
        from tutor.labs.console import WHO

        known = ", ".join(WHO)
        who = Content.assemble("as ", (WHO[self._who], "bold $accent"), (f"  F2 turns: {known}", QUIET))
        self.query_one(".who", Static).update(who)

    def _show(self, exchange: Exchange) -> None:
        self.query_one(".came", Static).update(answer(exchange))
        self.query_one(".answer", VerticalScroll).scroll_home(animate=False)


def _row(exchange: Exchange) -> Row:
    good = exchange.status is not None and exchange.status < 400
    status = str(exchange.status) if exchange.status else "none"
    took = f"{exchange.seconds * 1000:.0f} ms" if exchange.status else "no answer"
    wanted = exchange.wanted
    text = Content.assemble(wanted.line, (f"  {took}, as {wanted.who}", QUIET))
    return Row(text, status, mark_style="bold $success" if good else "bold $error")


def answer(exchange: Exchange) -> Content:
    """What came back, and how to ask the same in a shell."""
    status = f"HTTP {exchange.status}, {exchange.seconds * 1000:.0f} ms" if exchange.status else "No answer"
    ids = [f"correlation id {exchange.correlation}"] if exchange.correlation else []
    ids += [f"trace {exchange.trace}"] if exchange.trace else []
    wanted = ("content-type", "location", "retry-after", "www-authenticate", "idempotent-replayed")
    headers = [f"{name}: {exchange.headers[name]}" for name in wanted if name in exchange.headers]
    pieces = [
        Content.styled(status, "bold"),
        *(Content.styled(line, QUIET) for line in (*ids, *headers)),
        Content(pretty(exchange.text)),
        Content(""),
        Content.styled(exchange.curl, "$secondary"),
    ]
    return Content("\n").join(pieces)


def pretty(text: str) -> str:
    """JSON over several lines, anything else as it is; the beginning of what is very long."""
    with suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n... and {len(text) - LONGEST} characters more"
