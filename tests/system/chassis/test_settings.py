"""Settings: every bad value is one clear sentence and exit code 2, and no secret is ever part of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chassis.settings import (
    DatabaseSettings,
    EventSettings,
    ServiceKeySettings,
    ServiceSettings,
    TokenSettings,
    load,
)

SERVICES = Path(__file__).resolve().parents[3] / "labs/system/services"
KEY = "k" * 32
HASH = "sha256:" + "a" * 64


class Everything(DatabaseSettings, EventSettings, TokenSettings, ServiceKeySettings, ServiceSettings):
    """A service with all there is to configure."""


GOOD = {
    "DATABASE_URL": "postgresql+asyncpg://u:p@db:5432/orders",
    "EVENTS_URL": "amqp://u:p@broker/shop",
    "JWKS_URL": "http://users:8000/.well-known/jwks.json",
    "IDENTITY_KEYS": f"k1={KEY}",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is needed, and nothing of the shell that runs the tests."""
    for name in Everything.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


def _said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    with pytest.raises(SystemExit) as left:
        load(Everything)
    assert left.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


def test_what_is_needed_is_enough() -> None:
    """Defaults for the rest; what is read is what was set."""
    settings = load(Everything)
    assert (settings.port, settings.ops_port, settings.faults, settings.prefetch) == (8000, 9000, "off", 20)
    assert settings.database_url == GOOD["DATABASE_URL"]
    assert settings.instance_id


def test_an_empty_variable_is_a_variable_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose passes `${X:-}` as an empty string."""
    for name in ("PORT", "OTLP_ENDPOINT", "LOG_LEVEL", "SERVICE_KEYS"):
        monkeypatch.setenv(name, "")
    assert load(Everything).port == 8000


def test_settings_cannot_be_changed() -> None:
    """What was checked at the start stays what it was."""
    with pytest.raises(ValidationError):
        setattr(load(Everything), "port", 1)  # noqa: B010 - a type checker would refuse the plain way


def test_a_trailing_slash_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both spellings of a base URL are the same."""
    monkeypatch.setenv("CONSUL_URL", "http://consul:8500/")
    assert load(Everything).consul_url == "http://consul:8500"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "eighty", "PORT must be a valid integer, unable to parse string as an integer, not 'eighty'."),
        ("PORT", "70000", "PORT must be less than or equal to 65535, not '70000'."),
        ("PORT", "9000", "PORT and OPS_PORT must differ."),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL must be 'DEBUG', 'INFO', 'WARNING' or 'ERROR', not 'LOUD'."),
        ("SHUTDOWN_GRACE", "0", "SHUTDOWN_GRACE must be greater than or equal to 1, not '0'."),
        ("DRAIN_DELAY", "10", "DRAIN_DELAY must be shorter than SHUTDOWN_GRACE."),
        ("TRACE_SAMPLE", "2", "TRACE_SAMPLE must be less than or equal to 1, not '2'."),
        ("FAULTS", "yes", "FAULTS must be 'off' or 'on', not 'yes'."),
        ("OTLP_ENDPOINT", "jaeger:4318", "OTLP_ENDPOINT must be a URL such as http://host:1234, not 'jaeger:4318'."),
        ("CONSUL_URL", "http://h:port", "CONSUL_URL must be a URL such as http://host:1234, not 'http://h:port'."),
        ("ADVERTISE_URL", "http://[::1", "ADVERTISE_URL must be a URL such as http://host:1234, not 'http://[::1'."),
        ("JWKS_URL", "users", "JWKS_URL must be a URL such as http://host:1234, not 'users'."),
        ("DATABASE_URL", "mysql://u:hunter2@h/d", "DATABASE_URL must be a URL that starts with postgresql+asyncpg://."),
        (
            "DATABASE_URL",
            "postgresql+asyncpg://u:hunter2@h:54x2/d",
            "DATABASE_URL must be a URL that starts with postgresql+asyncpg://.",
        ),
        (
            "EVENTS_URL",
            "kafka://u:hunter2@h",
            "EVENTS_URL must be a URL that starts with amqp:// or amqps:// or redis:// or rediss://.",
        ),
        ("PREFETCH", "0", "PREFETCH must be greater than or equal to 1, not '0'."),
        (
            "IDENTITY_KEYS",
            "k1=hunter2",
            "IDENTITY_KEYS: each key is name=secret, names differ, secrets have 32 bytes or more.",
        ),
        ("SERVICE_KEYS", "gateway=hunter2", "SERVICE_KEYS: a key hash is sha256: and 64 lowercase hex digits."),
        ("SERVICE_KEYS", f"={HASH}", "SERVICE_KEYS: each caller is name=sha256:<hex>, and names differ."),
        ("TLS_DIR", "/nowhere", "TLS_DIR must hold ca.pem, cert.pem, key.pem; it lacks ca.pem, cert.pem, key.pem."),
    ],
)
def test_a_bad_value_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, sentence: str
) -> None:
    """It names the variable, says what it should be, and shows what it is unless that is a secret."""
    monkeypatch.setenv(name, value)
    assert _said(capsys) == [f"Settings: {sentence}"]


def test_all_problems_are_told_at_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One line each: nobody wants to find them one restart at a time."""
    monkeypatch.setenv("PORT", "x")
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("INSTANCE_ID", "a b")
    said = _said(capsys)
    assert len(said) == 3
    assert "Settings: DATABASE_URL is required and not set." in said
    assert any(
        line.startswith("Settings: INSTANCE_ID must match pattern ") and line.endswith("not 'a b'.") for line in said
    )


SECRETS = [name for name, field in Everything.model_fields.items() if not field.repr]


@given(
    st.sampled_from(SECRETS),
    st.sampled_from(["", "k1=", "gateway=", "amqp://u:", "postgresql+asyncpg://u:"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=50),
)
def test_no_secret_is_ever_echoed(name: str, before: str, after: str) -> None:
    """Whatever is wrong with it, the value of a secret is neither in the message nor in the printed settings."""
    with pytest.MonkeyPatch.context() as patch, pytest.MonkeyPatch.context() as capture:
        written: list[str] = []
        patch.setenv(name.upper(), f"{before}hunter2{after}")
        capture.setattr(sys, "stderr", type("Stream", (), {"write": lambda _, text: written.append(text)})())
        try:
            settings = load(Everything)
        except SystemExit:
            assert "hunter2" not in "".join(written)
        else:
            assert "hunter2" not in repr(settings)


def test_every_secret_is_hidden() -> None:
    """The names by which one would find them are all marked; a new one that is forgotten fails here."""
    telling = ("key", "password", "secret", "database_url", "events_url", "redis_url")
    for name, field in Everything.model_fields.items():
        if any(word in name for word in telling):
            assert not field.repr, name


def test_a_service_that_is_told_nothing_says_what_it_needs() -> None:
    """The process ends with code 2 and the sentences, without a traceback."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SERVICES)}
    done = subprocess.run([sys.executable, "-m", "payments"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Settings: DATABASE_URL is required and not set." in done.stderr.splitlines()
    assert "Traceback" not in done.stderr
