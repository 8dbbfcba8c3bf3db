"""Where everything of a running lab is, for people and for their shells. Refuses to hide what the learner may use:
these are credentials of a system on this machine, made for this lab alone.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from tutor.labs.engine.base import Running
from tutor.labs.news import Endpoint
from tutor.labs.run import Account, Run, whole_or_not

FILE = "endpoints.env"
"""Written into the workspace; `source` it, and `curl $GATEWAY/api/products` works."""

_PAGES: Mapping[str, tuple[str, str, str]] = {
    "gateway.http": ("gateway", "", "the shop's API, below /api"),
    "rabbitmq.http": ("RabbitMQ", "", "exchanges, queues, messages"),
    "prometheus.http": ("Prometheus", "", "metrics and alerts"),
    "alertmanager.http": ("Alertmanager", "", "who is told of alerts"),
    "jaeger.http": ("Jaeger", "", "traces"),
    "consul.http": ("Consul", "/ui", "instances and their health"),
    "observer.http": ("observer", "", "logs of all services, alerts that were sent"),
}
_LOGIN = (
    "# {who}_TOKEN=$(curl -s \"$GATEWAY/api/auth/login\" -H 'Content-Type: application/json' -d "
    '"{{\\"email\\": \\"${who}_EMAIL\\", \\"password\\": \\"${who}_PASSWORD\\"}}" '
    """| python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')\n"""
)
"""How to get the token that the curl lines of verdicts name; it lives for minutes, so it is not kept."""

_LOGINS: Mapping[str, str] = {"rabbitmq.http": "rabbitmq"}


def endpoints(run: Run, running: Running) -> tuple[Endpoint, ...]:
    """What a person wants to open or call: pages first, then services by themselves, then stores."""
    return tuple((*_pages(running), *_services(running), *_stores(running), *_people(run, running)))


def _pages(running: Running) -> Iterator[Endpoint]:
    for key, (name, path, what) in _PAGES.items():
        if address := running.addresses.get(key):
            login = _LOGINS.get(key, "")
            user, password = (running.credentials.get(f"{login}.{one}", "") for one in ("user", "password"))
            yield Endpoint(name, f"http://{address}{path}", what, user, password)


def _services(running: Running) -> Iterator[Endpoint]:
    for key, address in running.addresses.items():
        part, _, port = key.partition(".")
        if f"{part}.ops" not in running.addresses or key in _PAGES:
            continue
        what = "health, metrics, faults" if port == "ops" else "without the gateway"
        yield Endpoint(f"{part} ({port})", f"http://{address}", what)


def _stores(running: Running) -> Iterator[Endpoint]:
    credentials = running.credentials
    for name, dsn in credentials.items():
        if name.startswith("sql."):
            yield Endpoint(f"database of {name.removeprefix('sql.')}", dsn, "PostgreSQL, for reading")
    if address := running.addresses.get("redis.redis"):
        yield Endpoint(
            "Redis", f"redis://{address}", "tokens, limits, streams", "", credentials.get("redis.password", "")
        )
    if address := running.addresses.get("rabbitmq.redis"):
        yield Endpoint("Redis Streams", f"redis://{address}", "events", "", credentials.get("rabbitmq.password", ""))
    if address := running.addresses.get("rabbitmq.amqp"):
        user, password = credentials.get("rabbitmq.user", ""), credentials.get("rabbitmq.password", "")
        yield Endpoint(
            "AMQP", f"amqp://{address}/{credentials.get('rabbitmq.vhost', 'shop')}", "events", user, password
        )


def _people(run: Run, running: Running) -> Iterator[Endpoint]:
    people = dict(run.accounts)
    if "admin.email" in running.credentials:
        credentials = running.credentials
        people["admin"] = Account(credentials["admin.email"], credentials.get("admin.password", ""))
    for name, account in people.items():
        yield Endpoint(
            f"account {name}", "POST /api/auth/login", "somebody to log in as", account.email, account.password
        )


def write(workspace: Path, run: Run, running: Running) -> None:
    """Put them into the workspace as shell variables, for its owner alone."""
    whole_or_not(workspace / FILE, "".join(_lines(run, running)).encode(), mode=0o600, lasting=False)


def _lines(run: Run, running: Running) -> Iterator[str]:
    yield f"# Where everything of the lab {run.lab} is. Made anew at each start; `source` it.\n"
    for key, address in running.addresses.items():
        part, _, port = key.partition(".")
        name = part if port == "http" else f"{part}_{port}"
        scheme = "http://" if port in ("http", "ops") else ""
        yield f"{_variable(name)}={shlex.quote(f'{scheme}{address}')}\n"
    for key, value in running.credentials.items():
        yield f"{_variable(key)}={shlex.quote(value)}\n"
    if run.accounts:
        yield "# Tokens live for minutes. The lines below get one, and are what $CUSTOMER_TOKEN in a verdict means.\n"
    for name, account in run.accounts.items():
        yield f"{_variable(name)}_EMAIL={shlex.quote(account.email)}\n"
        yield f"{_variable(name)}_PASSWORD={shlex.quote(account.password)}\n"
        yield _LOGIN.format(who=_variable(name))


def _variable(name: str) -> str:
    return "".join(character if character.isalnum() else "_" for character in name.upper())
