"""Certificates between services: who is let in, and what the script makes that issues them."""

from __future__ import annotations

import asyncio
import importlib.util
import ssl
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import aiohttp
import pytest
from cryptography import x509
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from chassis.http import Client, Unreachable
from chassis.server import Listener, bind
from chassis.settings import ServiceSettings

SCRIPT = Path(__file__).resolve().parents[2] / "labs" / "system" / "config" / "certs" / "issue.py"


def _script() -> ModuleType:
    found = importlib.util.spec_from_file_location("issue", SCRIPT)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


ISSUE = _script()


def issued(folder: Path, services: Iterable[str] = ("gateway", "orders", "inventory", "localhost")) -> Path:
    """A folder with a certificate for each of these."""
    for service in services:
        (folder / service).mkdir(parents=True)
    assert ISSUE.main(folder) == 0
    return folder


@dataclass(frozen=True)
class Listening:
    """A TLS port that lets gateway and orders in, and what its callers hold."""

    port: int
    certificates: Path

    async def status(self, caller: Path) -> int:
        """What a caller with the certificate in this folder is answered."""
        settings = ServiceSettings(tls_dir=str(caller), tls_callers="nobody")
        client = Client(f"https://localhost:{self.port}", timeout=5, name="called", settings=settings)
        await client.start()
        try:
            return (await client.request("GET", "/")).status
        finally:
            await client.stop()


@pytest.fixture
async def listening(tmp_path: Path) -> AsyncIterator[Listening]:
    """A service behind mutual TLS."""

    async def hello(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    certificates = issued(tmp_path / "ours")
    listener = bind("PORT", "127.0.0.1", 0)
    app = Starlette(routes=[Route("/", hello)])
    server = Listener(app, str(certificates / "localhost"), frozenset({"gateway", "orders"}))
    await server.open(listener)
    yield Listening(listener.getsockname()[1], certificates)
    await server.close(1)


async def test_callers_on_the_list_are_let_in(listening: Listening) -> None:
    """A certificate of our authority whose name is on the list."""
    assert await listening.status(listening.certificates / "gateway") == 200
    assert await listening.status(listening.certificates / "orders") == 200


async def test_a_known_service_that_has_no_business_here_is_refused(listening: Listening) -> None:
    """A stolen key of one service does not open all others: 403, as problem details."""
    assert await listening.status(listening.certificates / "inventory") == 403


async def test_a_caller_without_a_certificate_is_refused(listening: Listening) -> None:
    """The handshake fails: not a byte of a request is read."""
    trusting = ssl.create_default_context(cafile=str(listening.certificates / "gateway" / "ca.pem"))
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"https://localhost:{listening.port}/", ssl=trusting)


async def test_plain_http_is_refused(listening: Listening) -> None:
    """There is no way around TLS on the same port."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"http://localhost:{listening.port}/")


async def test_a_certificate_of_another_authority_is_refused(listening: Listening, tmp_path: Path) -> None:
    """The same name, signed by somebody else; neither side accepts the other."""
    with pytest.raises(Unreachable):
        await listening.status(issued(tmp_path / "theirs") / "gateway")


async def test_old_tls_is_refused(listening: Listening) -> None:
    """1.3 or nothing: both ends are ours, so there is no old client to be kind to."""
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(listening.certificates / "gateway" / "ca.pem")
    old.load_cert_chain(listening.certificates / "gateway" / "cert.pem", listening.certificates / "gateway" / "key.pem")
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(OSError):  # an alert, or the end of the connection, whichever comes first
        await asyncio.open_connection("127.0.0.1", listening.port, ssl=old, server_hostname="localhost")


def test_each_service_gets_its_own_certificate_and_nobody_gets_the_authority(tmp_path: Path) -> None:
    """Names differ, keys are readable by their owner only, and nothing left could sign another certificate."""
    folder = issued(tmp_path / "ours")
    for service in folder.iterdir():
        assert sorted(path.name for path in service.iterdir()) == ["ca.pem", "cert.pem", "key.pem"]
        assert (service / "key.pem").stat().st_mode & 0o777 == 0o400
        certificate = x509.load_pem_x509_certificate((service / "cert.pem").read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert service.name in names.get_values_for_type(x509.DNSName)
        assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_issuing_again_disturbs_nobody_and_a_gap_is_filled_for_all(tmp_path: Path) -> None:
    """Good certificates stay; when one is missing all are new, because the authority is gone."""
    folder = issued(tmp_path / "ours")
    before = (folder / "orders" / "cert.pem").read_bytes()
    assert ISSUE.main(folder) == 0
    assert (folder / "orders" / "cert.pem").read_bytes() == before
    (folder / "gateway" / "key.pem").unlink()
    assert ISSUE.main(folder) == 0
    assert (folder / "orders" / "cert.pem").read_bytes() != before
    assert len({(service / "ca.pem").read_bytes() for service in folder.iterdir()}) == 1


def test_tls_without_a_list_of_callers_does_not_start(tmp_path: Path) -> None:
    """An empty list would be "everybody" or "nobody"; neither was meant."""
    with pytest.raises(ValueError, match="TLS_CALLERS"):
        ServiceSettings(tls_dir=str(issued(tmp_path / "ours") / "orders"))
