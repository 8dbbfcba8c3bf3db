"""Paths have one reading, and each has at most one route."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.templates import LONGEST, Tree, UnsafePath, safe, safe_query, segments


@pytest.mark.parametrize(
    "path",
    [
        "/api/orders",
        "/api/orders/7b0e-_.~",
        "/api/a!$&'()*+,;=:@b",
        "/api/%C3%A9",
        "/api/%20",
        "/api/...",
        "/.well-known/x",
    ],
)
def test_good_paths_are_taken_as_they_are(path: str) -> None:
    """Nothing is decoded or tidied: the segments together are the path."""
    assert "/" + "/".join(safe(path)) == path


UNSAFE = [
    "",
    "api",
    "//api",
    "/api//x",
    "/api/",
    "/api/.",
    "/api/..",
    "/api/../x",
    "/api/..;x",
    "/api/.;a=1/x",
    "/api/%2e%2e/x",
    "/api/%2E%2e",
    "/api/.%2e",
    "/api/a%2fb",
    "/api/a%5Cb",
    "/api/a%00",
    "/api/a%0d%0aX:1",
    "/api/a%7f",
    "/api/%252e",
    "/api/%6Drders",
    "/api/%",
    "/api/%2",
    "/api/%zz",
    "/api/a b",
    "/api/a\\b",
    "/api/a?b",
    "/api/a#b",
    '/api/"',
    "/api/<x>",
    "/api/{id}",
    "/api/a\n",
    "/api/\x00",
    "/api/é",
    "/api/" + "x" * LONGEST,
]


@pytest.mark.parametrize("path", UNSAFE)
def test_paths_with_two_readings_are_refused(path: str) -> None:
    """Dot segments, empty ones, hidden slashes and controls, double encodings and encoded letters are all refused."""
    with pytest.raises(UnsafePath):
        safe(path)


@given(st.text(st.sampled_from("/.%2eE5fFcC;a~\\?#:\x00 6DéA0"), max_size=20))
def test_an_accepted_path_reads_the_same_when_decoded(path: str) -> None:
    """Whoever decodes an accepted path finds the same segments, none of them dots, and its literals unchanged."""
    try:
        parts = safe(path)
    except UnsafePath:
        return
    decoded = unquote(path)
    if path == "/":
        return
    assert decoded.split("/")[1:] == [unquote(part) for part in parts]
    assert unquote(decoded) == decoded or "%" not in decoded
    for part in decoded.split("/")[1:]:
        assert part.split(";")[0] not in (".", "..")
        assert "\\" not in part
        assert part.isprintable() or not part.isascii()


@pytest.mark.parametrize("query", ["", "a=b&c=%zz", "a=[1]&b={}", "x" * LONGEST, '<script>"'])
def test_good_queries_pass(query: str) -> None:
    """A query is the service's to read; it only has to fit on a request line."""
    safe_query(query)


@pytest.mark.parametrize("query", ["a b", "a\r\nX: 1", "a#b", "é", "\x00", "x" * (LONGEST + 1)])
def test_queries_that_could_break_out_are_refused(query: str) -> None:
    """Spaces, controls, fragments and what is not ASCII would end up in the middle of the request line."""
    with pytest.raises(UnsafePath):
        safe_query(query)


@pytest.mark.parametrize(
    "template", ["", "/", "api", "/api/", "/a//b", "/a/../b", "/a/{}", "/a/{Id}", "/a/x{id}", "/a/%41"]
)
def test_a_route_that_no_path_could_match_is_refused(template: str) -> None:
    """The template of a route is plain segments and whole parameters."""
    with pytest.raises(ValueError, match=r"path|segment"):
        segments(template)


def test_a_literal_wins_over_a_parameter() -> None:
    """Whatever the order in the file; and where the literal leads nowhere, the parameter is tried."""
    tree: Tree[str] = Tree()
    for template in ("/users/{id}", "/users/me", "/users/{id}/roles", "/users/me/password", "/{a}/{b}/c"):
        tree.add(template, ["GET"], template)
    found = {
        path: tree.find(tuple(path[1:].split("/"))).get("GET") for path in ("/users/me", "/users/7", "/users/me/roles")
    }
    assert found == {"/users/me": "/users/me", "/users/7": "/users/{id}", "/users/me/roles": "/users/{id}/roles"}
    assert tree.find(("users", "x", "c")) == {"GET": "/{a}/{b}/c"}
    assert tree.find(("users",)) == {}
    assert tree.find(("users", "me", "roles", "x")) == {}


def test_two_routes_for_one_request_are_refused() -> None:
    """Also when their parameters have different names."""
    tree: Tree[int] = Tree()
    tree.add("/users/{id}", ["GET", "PUT"], 1)
    tree.add("/users/{id}", ["POST"], 2)
    with pytest.raises(ValueError, match=r"PUT /users/\{name\} has two routes"):
        tree.add("/users/{name}", ["PUT"], 3)
