"""The routes file: what is accepted, what is refused with its line, and what the shop's own file publishes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import SELF, Configuration
from gateway.routes_file import LARGEST, BadRoutes, read

SYSTEM = Path(__file__).parents[3] / "labs" / "system"
SHIPPED = SYSTEM / "config" / "gateway" / "routes.yaml"
GOOD = """\
limits:
  default: {rate: 10, burst: 20}
upstreams:
  orders:
    instances: ${ORDERS_URL:-http://orders:8000}
routes:
  - path: /api/orders/{id}
    methods: GET, PUT
    upstream: orders
    timeout: 2
"""


def written(folder: Path, text: str | bytes) -> Path:
    """A file with this text."""
    file = folder / "routes.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def problems(file: Path, **environment: str) -> list[str]:
    """What is wrong with a file, without its folder."""
    with pytest.raises(BadRoutes) as refused:
        read(file, environment)
    assert all(problem.startswith(f"{file}:") for problem in refused.value.problems)
    return [problem.replace(f"{file}:", "") for problem in refused.value.problems]


def test_a_good_file_is_read(tmp_path: Path) -> None:
    """Values, defaults, lists with commas and variables."""
    file = written(tmp_path, GOOD)
    found = read(file, {})
    (route,) = found.routes
    assert (route.methods, route.timeout, route.auth, route.retry.attempts) == (("GET", "PUT"), 2, "required", 3)
    assert found.upstreams["orders"].instances == ("http://orders:8000",)
    several = read(file, {"ORDERS_URL": "http://a:1/, https://b"})
    assert several.upstreams["orders"].instances == ("http://a:1", "https://b")


def test_a_variable_is_a_value_and_never_configuration(tmp_path: Path) -> None:
    """What a variable holds cannot add keys, whatever it looks like; without value and default it is an error."""
    file = written(tmp_path, GOOD.replace(":-http://orders:8000", ""))
    assert problems(file) == ["5: upstreams.orders.instances: the variable ORDERS_URL is not set and has no default"]
    (problem,) = problems(file, ORDERS_URL="http://a:1\n    consul: x")
    assert problem.startswith("5: upstreams.orders.instances")


def test_no_message_repeats_what_a_variable_holds(tmp_path: Path) -> None:
    """A URL with a password in it is refused without being quoted."""
    said = problems(written(tmp_path, GOOD), ORDERS_URL="http://user:hunter2@orders:8000")
    assert said == ["5: upstreams.orders.instances: must be only scheme, host and port"]


# Each: what is replaced in the good file, by what, and the sentence with its line.
MISTAKES = [
    ("timeout: 2", "timout: 2", "10: routes[0].timout: is not a setting"),
    ("timeout: 2", "timeout: 0", "10: routes[0].timeout: Input should be greater than 0"),
    ("timeout: 2", "timeout: .nan", "10: routes[0].timeout: Input should be a valid number"),
    ("timeout: 2", "timeout: never", "10: routes[0].timeout: Input should be a valid number"),
    ("timeout: 2", "timeout:", "10: routes[0].timeout: Input should be a valid number"),
    ("timeout: 2", "timeout: 2\n    timeout: 3", "11: routes[0].timeout: is there twice"),
    ("timeout: 2", "max_body: 99999999", "10: routes[0].max_body: Input should be less than or equal to 1048576"),
    ("timeout: 2", "auth: sometimes", "10: routes[0].auth: Input should be 'required', 'optional' or 'none'"),
    ("timeout: 2", "limit: none", "10: routes[0].limit: there is no limit 'none'"),
    ("timeout: 2", "retry: {attempts: 0}", "10: routes[0].retry.attempts: Input should be greater than or equal to 1"),
    ("methods: GET, PUT", "methods: GET, STEAL", "8: routes[0].methods[1]: Input should be 'GET', 'HEAD', 'POST'"),
    ("methods: GET, PUT", "methods: ''", "8: routes[0].methods: Value should have at least 1 item"),
    ("methods: GET, PUT", "methods: GET, GET", "8: routes[0].methods: GET /api/orders/{id} has two routes"),
    ("upstream: orders", "upstream: order", "9: routes[0].upstream: there is no upstream 'order'"),
    ("path: /api/orders/{id}", "path: api/orders", "7: routes[0].path: a path starts with '/'"),
    ("  - path: /api/orders/{id}", "  - pfad: x", "7: routes[0].path: is missing"),
    ("http://orders:8000", "ftp://orders", "5: upstreams.orders.instances: is not a list of URLs such as"),
    ("http://orders:8000", "http://orders:8000/v1", "5: upstreams.orders.instances: must be only scheme"),
    ("http://orders:8000", "http://orders:0", "5: upstreams.orders.instances: has a URL without a usable port"),
    ("http://orders:8000", "http://orders:99999", "5: upstreams.orders.instances: is not a list of URLs such as"),
    ("http://orders:8000", "http://[x", "5: upstreams.orders.instances: is not a list of URLs such as"),
    ("rate: 10", "rate: -1", "2: limits.default.rate: Input should be greater than 0"),
    ("rate: 10", "rate: &r 10, x: *r", "2: limits.default.x: anchors are not supported"),
    ("  orders:", "  gateway:", "4: upstreams.gateway: is the gateway's own name"),
    ("  default:", "  Default:", "2: limits.Default: String should match pattern"),
    ("limits:", "limit:", "1: limits: is missing"),
    ("limits:", "limits: [", "3: expected ',' or ']'"),
    ("limits:", "\tlimits:", "1: found character '\\t' that cannot start any token"),
    ("timeout: 2", "timeout: 2\n    attempt_timeout: 3", "7: routes[0]: attempt_timeout is one attempt's part"),
    ("upstream: orders", "upstream: gateway\n    auth: none", "7: routes[0]: what the gateway answers itself"),
]


@pytest.mark.parametrize(("old", "new", "sentence"), MISTAKES, ids=[sentence for _, _, sentence in MISTAKES])
def test_a_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    """Each mistake is a sentence that starts with file and line, where an editor can jump to it."""
    assert old in GOOD
    said = problems(written(tmp_path, GOOD.replace(old, new, 1)))
    assert any(problem.startswith(sentence) for problem in said), said


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Nobody has to start the gateway five times to hear of five mistakes."""
    text = GOOD.replace("timeout: 2", "timeout: x").replace("rate: 10", "rate: y").replace("path:", "pfad:")
    assert [re.match(r"\d+", problem)[0] for problem in problems(written(tmp_path, text))] == ["2", "7", "10", "7"]  # type: ignore[index]


UNREADABLE = {
    "empty": ("", "1: is empty"),
    "comments only": ("# nothing\n", "1: is empty"),
    "not UTF-8": (b"limits: \xff\n", "1: is not UTF-8"),
    "a control character": ("a: \x07\n", "1: is not YAML: ReaderError"),
    "two documents": ("a: 1\n---\nb: 2\n", "2: but found another document"),
    "a list": ("- 1\n", "1: Input should be a valid dictionary or instance of Configuration"),
    "too large": ("#" * (LARGEST + 1), f"1: the file is larger than {LARGEST} bytes"),
    "too deep": ("[" * 5000, "1: is not YAML: RecursionError"),
    "a bomb": ("a: &a [1,1]\nb: &b [*a,*a]\nc: [*b,*b]\n", "1: b[0]: anchors are not supported"),
}


@pytest.mark.parametrize(("text", "sentence"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_configuration_is_refused(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    """Whatever is in the file, the answer is a sentence."""
    assert problems(written(tmp_path, text))[0].startswith(sentence)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Missing, or a folder."""
    assert problems(tmp_path / "none.yaml") == ["1: cannot be read: No such file or directory"]
    assert problems(tmp_path) == ["1: cannot be read: Is a directory"]


@given(st.text(st.sampled_from("{}[]:,-&*!|>'\"%@` \n\tab1${}?#")) | st.text(max_size=60))
def test_no_text_is_a_crash(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Any text is configuration or refused."""
    try:
        found = read(written(tmp_path_factory.getbasetemp(), text.encode("utf-8", "surrogatepass")), {})
    except BadRoutes:
        return
    assert isinstance(found, Configuration)


def published() -> dict[tuple[str, str], tuple[str, str]]:
    """The shop's routes: method and path -> upstream and auth."""
    routes = read(SHIPPED, {}).routes
    return {(method, route.path): (route.upstream, route.auth) for route in routes for method in route.methods}


def test_the_shop_publishes_what_is_for_people() -> None:
    """Registration, login, tokens, catalogue and stock are open; everything about a person needs a token."""
    table = published()
    assert {key for key, (_, auth) in table.items() if auth == "none"} == {
        ("POST", "/api/users"),
        ("POST", "/api/auth/login"),
        ("POST", "/api/auth/refresh"),
        ("POST", "/api/auth/revoke"),
        ("GET", "/api/.well-known/jwks.json"),
        ("GET", "/api/products"),
        ("GET", "/api/stock"),
        ("GET", "/api/stock/{sku}"),
    }
    assert table["GET", "/api/user-dashboard/{id}"] == (SELF, "required")
    for internal in ("introspect", "metrics", "health", "faults", "provider"):
        assert not any(internal in path for _, path in table)


def test_the_shop_retries_only_what_is_safe() -> None:
    """Of all POSTs, only the one whose service honours the key is repeated; passwords fail closed without Redis."""
    found = read(SHIPPED, {})
    assert [route.path for route in found.routes if route.retry.post_with_idempotency_key] == ["/api/orders"]
    guarded = {"/api/auth/login", "/api/users", "/api/users/me/password"}
    for route in found.routes:
        closed = found.limits[route.limit].without_redis == "closed"
        assert closed == (route.path in guarded and set(route.methods) != {"GET"})
        # What a hung instance wastes has to leave time for another one.
        assert route.attempt_timeout is None or route.attempt_timeout * 2 <= route.timeout


def test_the_shops_services_are_found_by_their_variables() -> None:
    """Each upstream takes its URL from <NAME>_URL, and its instances from Consul under its own name.

    Users is there twice: what takes a password from anybody has places and a breaker of its own.
    """
    services = {name: name for name in ("users", "orders", "inventory", "payments", "notifications")}
    found = read(SHIPPED, {f"{name.upper()}_URL": f"http://{name}.test:1" for name in services})
    wanted = {**services, "passwords": "users"}
    assert {name: one.instances for name, one in found.upstreams.items()} == {
        name: (f"http://{service}.test:1",) for name, service in wanted.items()
    }
    assert {name: one.consul for name, one in found.upstreams.items()} == wanted


def test_a_gateway_does_not_start_with_a_bad_file(tmp_path: Path) -> None:
    """Exit code 2, and each mistake on a line of its own, instead of a traceback."""
    file = written(tmp_path, GOOD.replace("timeout: 2", "timout: 2"))
    environment = {
        "PYTHONPATH": str(SYSTEM / "services"),
        "ROUTES_FILE": str(file),
        "REDIS_URL": "redis://127.0.0.1:1",
        "JWKS_URL": "http://127.0.0.1:1/keys",
        "IDENTITY_KEYS": f"k1={'x' * 32}",
    }
    command = [sys.executable, "-m", "gateway"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{file}:10: routes[0].timout: is not a setting\n"
