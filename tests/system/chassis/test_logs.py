"""Logs: one JSON object per line whatever is logged, bounded, and no secret in any of them."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import context, logs, tracing
from chassis.logs import MAX_TEXT, JsonHandler, redact
from chassis.settings import DatabaseSettings, EventSettings, IdentitySettings, ServiceKeySettings, secrets_of

MARK = "hunter2"
# What a value in a URL, a header or a query can look like; and what one can look like that is quoted.
PLAIN = st.text(st.sampled_from("abcXYZ0189-_.~+*!"), max_size=20)
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
ANYTHING = st.text(st.characters(codec="utf-8"), max_size=60)


class Log:
    """A logger whose lines are read back."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self.logger = logging.Logger("test.log", logging.DEBUG)
        self.logger.addHandler(JsonHandler("small", "one", self._stream))

    def raw(self) -> list[str]:
        """The lines as written."""
        lines = self._stream.getvalue().split("\n")
        assert lines.pop() == ""
        return lines

    def lines(self) -> list[dict[str, Any]]:
        """The lines, each of which is strict JSON."""
        return [json.loads(line, parse_constant=_refuse) for line in self.raw()]


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    logs.hide(())
    yield
    logs.hide(())


def test_a_line_says_when_where_what_and_for_whom() -> None:
    """The fields by which logs of many services are searched in one place."""
    log = Log()
    with context.bind("corr-1"), tracing.span("request") as span:
        context.bind_log(order_id="o-1")
        log.logger.warning("order %s is late", "o-1", extra={"minutes": 5})
    (line,) = log.lines()
    assert line.pop("ts").endswith("+00:00")
    assert line.pop("trace_id") == f"{span.get_span_context().trace_id:032x}"
    assert len(line.pop("span_id")) == 16
    assert line == {
        "level": "WARNING",
        "service": "small",
        "instance": "one",
        "message": "order o-1 is late",
        "logger": "test.log",
        "correlation_id": "corr-1",
        "order_id": "o-1",
        "minutes": 5,
    }


VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.binary(max_size=20)
    | st.builds(lambda: 10**5000),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@given(st.text(max_size=200), VALUE)
def test_whatever_is_logged_is_one_line_of_json(message: str, value: object) -> None:
    """Line feeds, quotes, escapes of a terminal, lone surrogates, infinities: nothing forges or breaks a line."""
    log = Log()
    log.logger.info("%s", message, extra={"value": value})
    (raw,) = log.raw()
    assert raw.isascii()
    assert raw.isprintable()
    log.lines()


@pytest.mark.parametrize(
    ("message", "arguments"),
    [("%d items", ("x",)), ("%s and %s", ("one",)), ("%(name)s", ({"other": 1},)), ("100%", (1,)), ("%s", (1, 2))],
)
def test_arguments_that_do_not_fit_lose_no_line(message: str, arguments: tuple[object, ...]) -> None:
    """A mistake in a log call must neither fail the request nor hide that something was to be said."""
    log = Log()
    log.logger.error(message, *arguments)
    assert log.lines()[0]["message"] == f"{message} (its arguments do not fit)"


def test_what_cannot_be_written_fails_nobody() -> None:
    """An object that breaks when it is printed, and a stdout that is gone."""

    class Broken:
        def __str__(self) -> str:
            raise ZeroDivisionError

    log = Log()
    log.logger.info("x", extra={"value": Broken()})
    log.logger.info("y")
    assert [line["message"] for line in log.lines()] == ["y"]
    stream = io.StringIO()
    logger = logging.Logger("gone")
    logger.addHandler(JsonHandler("small", "one", stream))
    stream.close()
    logger.error("nobody reads this")


def test_lines_are_bounded() -> None:
    """Huge texts, lists and nestings are cut; both ends of a text stay, because errors are at the end."""
    value: object = ["x" * 30_000] * 50
    for _ in range(12):
        value = [{"deeper": value}]
    log = Log()
    log.logger.info(
        "begin %s end",
        "y" * 100_000,
        extra={"value": value, "texts": ["x" * 30_000] * 50, "list": [1] * 1000, "wide": ["z" * 50] * 99},
    )
    (raw,) = log.raw()
    (line,) = log.lines()
    assert len(raw) < 4 * MAX_TEXT
    assert line["message"].startswith("begin")
    assert line["message"].endswith("end")
    assert len(line["list"]) == 100
    assert line["wide"] == ["z" * 50] * 99


@pytest.mark.parametrize(
    "hostile",
    [
        "bearer " * 20_000,
        "bearer" + " " * 200_000,
        "eyJ" * 60_000,
        "password=" * 20_000,
        "password='" + "\\'" * 80_000,
        "://" * 60_000,
        "://:" * 50_000,
        "input_value=" * 15_000,
        "DETAIL:  " * 20_000,
        "-----BEGIN PRIVATE KEY-----" * 6_000,
        "$argon2id$" * 20_000,
        "[" * 200_000,
    ],
    ids=lambda text: text[:12].strip(),
)
def test_hostile_texts_cost_no_more_than_others(hostile: str) -> None:
    """The work grows with the length of the text. With its square, these would not end while anybody waits."""
    assert len(redact(hostile)) <= MAX_TEXT + 20


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_no_known_secret_survives(before: str, first: str, last: str, after: str) -> None:
    """A configured value is cut out wherever it turns up: message, argument, field, key, exception, in any text."""
    secret = f"{first}{MARK}{last}"
    logs.hide([secret])
    log = Log()
    text = before + secret + after
    try:
        raise ValueError(text)
    except ValueError:
        log.logger.exception("%s", text, extra={"field": [text, {text: text}]})
    assert MARK not in log.raw()[0]


@given(PLAIN, PLAIN)
def test_what_looks_like_a_secret_is_cut_out(before: str, after: str) -> None:
    """In the shapes in which secrets travel, also when nobody has configured them here."""
    secret = f"{before}{MARK}{after}"
    log = Log()
    for text in (
        f"Authorization: Bearer {secret}",
        f"basic {secret}==",
        f"password={secret}",
        f"api_key: {secret}, more",
        f"https://h/p?a=1&token={secret}&b=2",
        f"postgresql+asyncpg://user:{secret}@db:5432/orders",
        f"redis://:{secret}@redis/0",
        f"eyJhbGciOiJSUzI1NiJ9.{MARK}.{MARK}",
        f"$argon2id$v=19$m=65536${MARK}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{secret}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{secret}",
        f"[type=x, input_value='{secret}', input_type=str]",
        f"violates\nDETAIL:  Failing row contains ({secret}).",
    ):
        log.logger.info("it said %s.", text)
        log.logger.info(text, extra={"said": [text]})
    assert MARK not in "".join(log.raw())


@given(PRINTABLE, PRINTABLE, st.sampled_from(["password", "Passwd", "secret", "token", "api_key", "x-identity"]))
def test_quoted_values_are_cut_out_whole(before: str, after: str, name: str) -> None:
    """As JSON and as Python print them, with every escape that a value can bring about."""
    value = {name: f"{before}{MARK}{after}", "next": "visible"}
    for text in (json.dumps(value), repr(value), f"{name}={json.dumps(value[name])} next visible"):
        cleaned = redact(text)
        assert MARK not in cleaned
        assert "visible" in cleaned


TELLING = (
    "password user_password client_secret access_token Authorization X-Api-Key cookie Set-Cookie database_url redis_url"
    " events_url identity_keys service_key private_key dsn key_encryption_key X-Identity"
)


@given(st.sampled_from(TELLING.split()), ANYTHING)
def test_fields_with_a_telling_name_are_cut_out(name: str, text: str) -> None:
    """At any depth, whatever their value is."""
    log = Log()
    secret = {name: {"inner": [text + MARK]}}
    log.logger.info("x", extra={"headers": secret, name: text + MARK, "deep": [[{"a": secret}]]})
    assert MARK not in log.raw()[0]


def test_harmless_fields_stay() -> None:
    """What one searches by is not cut out because of its name."""
    log = Log()
    log.logger.info("x", extra={"token_type": "jwt", "token_id": "t-1", "tokens_left": 3, "keys": 2})
    line = log.lines()[0]
    assert (line["token_type"], line["token_id"], line["keys"]) == ("jwt", "t-1", 2)


def test_every_secret_of_the_settings_is_known() -> None:
    """Values, the passwords inside of URLs (as written and as meant), and each key of a list."""

    class All(DatabaseSettings, EventSettings, IdentitySettings, ServiceKeySettings):
        pass

    new, old, hashed = "n" * 32, "o" * 32, "sha256:" + "a" * 64
    settings = All(
        database_url="postgresql+asyncpg://u:p%40ssw0rd@db/d?ssl=require",
        events_url="redis://:st%2Freams@r/0",
        identity_keys=f"k1={new},k0={old}",
        service_key="service-key",
        service_keys=f"gateway={hashed}",
    )
    found = secrets_of(settings)
    assert {"p%40ssw0rd", "p@ssw0rd", "st/reams", new, old, "service-key", hashed} <= found
    assert {settings.database_url, settings.events_url, settings.identity_keys} <= found
    assert not {"require", "gateway", "shop", ""} & found


def test_what_ends_the_process_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """configure() takes over everything: root logger, warnings, and exceptions that nobody catches."""
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers[:], root.level
    try:
        logs.configure(service="small", instance="one", secrets=["configured-secret"])
        logging.getLogger("somewhere").info("configured-secret")
        try:
            raise ValueError("password=hunter2")
        except ValueError as error:
            sys.excepthook(ValueError, error, error.__traceback__)
    finally:
        root.handlers[:], sys.excepthook = handlers, hook
        root.setLevel(level)
        logging.captureWarnings(False)
    one, two = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert one["message"] == "[redacted]"
    assert (two["level"], two["message"]) == ("CRITICAL", "the process ends: ValueError")
    assert "ValueError: password=[redacted]" in two["exception"]
