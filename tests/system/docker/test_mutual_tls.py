"""The system with compose.mtls.yaml on top: everything works, and nobody gets in without a certificate."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.system.harness.compose import inside
from tests.system.harness.docker import DockerSystem
from tests.system.harness.waiting import eventually

pytestmark = pytest.mark.docker

# Run inside a container. The names of the files are those that the service itself uses.
ASK = """
import ssl, sys, urllib.error, urllib.request as u
own = ssl.create_default_context(cafile='/certs/ca.pem')
if sys.argv[2] == 'certified': own.load_cert_chain('/certs/cert.pem', '/certs/key.pem')
try: print(u.urlopen(sys.argv[1], timeout=5, context=own).status)
except urllib.error.HTTPError as error: print(error.code)
except OSError as error: print('refused', error)
"""


@pytest.fixture(scope="module")
def certified() -> Iterator[DockerSystem]:
    """All services, with certificates; probed as often as a user's."""
    files = ("compose.yaml", "compose.mtls.yaml")
    yield from DockerSystem.started(files=files, profiles=("saga",), settings={"HEALTH_INTERVAL": "5s"})


def _ask(system: DockerSystem, service: str, url: str, how: str) -> str:
    (container,) = system.containers(service)
    return inside(container, "python", "-c", ASK, url, how)[1]


def test_orders_go_all_the_way(certified: DockerSystem) -> None:
    """Tokens verified, stock reserved, payment captured, and an unknown outcome asked about: every hop, over TLS."""
    customer = certified.register()
    assert certified.settled(customer, certified.placed(customer))["status"] == "CONFIRMED"
    certified.provider(timeout=True, charge_on_timeout=True)
    order_id = certified.placed(customer)
    question = f"SELECT status FROM payments WHERE order_id = '{order_id}'"
    eventually(lambda: certified.sql("payments", question) == [{"status": "UNKNOWN"}])
    certified.provider()
    assert certified.settled(customer, order_id, timeout=60)["status"] == "CONFIRMED"


def test_the_one_that_issues_does_not_make_up_fail(certified: DockerSystem) -> None:
    """It ends with 0 before the others are ready, which `up --wait` must take for success."""
    certified.project.compose("up", "-d", "--no-build", "--wait", "--wait-timeout", "60")
    (issuer,) = certified.containers("certs")
    assert issuer.attrs["State"]["ExitCode"] == 0


def test_who_shows_no_certificate_is_refused(certified: DockerSystem) -> None:
    """By every service, over TLS and without."""
    for service in ("users", "orders", "inventory", "payments", "notifications"):
        assert _ask(certified, "gateway", f"https://{service}:8000/health/live", "anonymous").startswith("refused")
        assert _ask(certified, "gateway", f"http://{service}:8000/health/live", "anonymous").startswith("refused")
        assert _ask(certified, "gateway", f"https://{service}:8000/health/live", "certified") == "200"


def test_a_good_certificate_of_the_wrong_service_is_refused(certified: DockerSystem) -> None:
    """Notifications has no business with payments; for the public keys everybody may come."""
    assert _ask(certified, "notifications", "https://payments:8000/health/live", "certified") == "403"
    assert _ask(certified, "orders", "https://payments:8000/health/live", "certified") == "200"
    assert _ask(certified, "notifications", "https://users:8000/.well-known/jwks.json", "certified") == "200"


def test_a_service_sees_no_key_but_its_own(certified: DockerSystem) -> None:
    """Each certificate lies in a volume of its own, which nobody can write to."""
    for service in ("gateway", "users", "orders", "inventory", "payments", "notifications"):
        (container,) = certified.containers(service)
        (mount,) = [mount for mount in container.attrs["Mounts"] if mount["Destination"] == "/certs"]
        assert mount["Name"].endswith(f"_{service}-certs")
        assert not mount["RW"]
