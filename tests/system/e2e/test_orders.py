"""An order's way through the system when everything runs: to its good end, and to each of its planned bad ones."""

from __future__ import annotations

from tests.system.harness.base import Account, System
from tests.system.harness.waiting import eventually


def _charge(system: System, order_id: str) -> list[dict[str, str]]:
    return system.sql("payments", f"SELECT status FROM provider.charges WHERE key = 'order-{order_id}'")


def _mails(system: System, account: Account) -> list[str]:
    answer = system.call("GET", "/api/notifications", token=account.token)
    assert answer.status == 200, answer
    return [item["template"] for item in answer.json()["items"]]


def test_a_user_registers_logs_in_and_reads_their_profile(system: System) -> None:
    """The core path: register, login, profile, catalogue."""
    account = system.register("Ada")
    me = system.call("GET", "/api/users/me", token=account.token)
    assert me.status == 200
    assert {name: me.json()[name] for name in ("id", "email", "name")} == {
        "id": account.id,
        "email": account.email,
        "name": "Ada",
    }
    products = system.call("GET", "/api/products", token=account.token)
    assert products.status == 200
    assert {item["sku"]: item["price_cents"] for item in products.json()["items"]}["MUG-BLUE"] == 899


def test_an_order_is_priced_reserved_paid_confirmed_and_announced(system: System, saga: str, customer: Account) -> None:
    """In both styles: CONFIRMED, stock reserved once, money taken once, one message to the customer."""
    before = system.stock("MUG-BLUE")
    answer = system.order(customer, {"MUG-BLUE": 2, "STICKER": 1})
    assert answer.status == 201, answer
    order = answer.json()
    assert (order["status"], order["total_cents"]) == ("PENDING", 2 * 899 + 299)
    assert system.settled(customer, order["id"])["status"] == "CONFIRMED"
    assert system.sql("orders", f"SELECT saga FROM orders WHERE id = '{order['id']}'") == [{"saga": saga}]
    after = system.stock("MUG-BLUE")
    assert after["reserved"] - before["reserved"] == 2
    assert system.sql("payments", f"SELECT status, amount_cents FROM payments WHERE order_id = '{order['id']}'") == [
        {"status": "CAPTURED", "amount_cents": 2 * 899 + 299}
    ]
    assert _charge(system, order["id"]) == [{"status": "captured"}]
    eventually(lambda: len([name for name in _mails(system, customer) if "confirmed" in name]) == 1)


def test_an_order_for_more_than_there_is_ends_cancelled(system: System, saga: str, customer: Account) -> None:
    """Out of stock: CANCELLED with the reason, nothing reserved, nothing charged."""
    before = system.stock("LIMITED-PRINT")
    order_id = system.placed(customer, {"LIMITED-PRINT": 6, "STICKER": 1})
    settled = system.settled(customer, order_id)
    assert (settled["status"], settled["reason"]) == ("CANCELLED", "out_of_stock")
    assert system.stock("LIMITED-PRINT") == before
    assert _charge(system, order_id) == []


def test_a_declined_payment_gives_the_stock_back(system: System, saga: str, customer: Account) -> None:
    """Payment declined: CANCELLED with the reason, and what was reserved is for sale again."""
    before = system.stock("HOODIE-L")
    system.provider(decline_rate=1.0)
    order_id = system.placed(customer, {"HOODIE-L": 3})
    settled = system.settled(customer, order_id)
    assert (settled["status"], settled["reason"]) == ("CANCELLED", "payment_declined")
    eventually(lambda: system.stock("HOODIE-L") == before)
    assert _charge(system, order_id) == [{"status": "declined"}]


def test_cancelling_a_confirmed_order_refunds_and_releases(system: System, saga: str, customer: Account) -> None:
    """The customer's cancellation undoes both halves, once."""
    before = system.stock("TSHIRT-M")
    order_id = system.placed(customer, {"TSHIRT-M": 1})
    assert system.settled(customer, order_id)["status"] == "CONFIRMED"
    answer = system.call("POST", f"/api/orders/{order_id}/cancel", token=customer.token)
    assert (answer.status, answer.json()["status"]) == (200, "CANCELLED"), answer
    eventually(lambda: _charge(system, order_id) == [{"status": "refunded"}])
    eventually(lambda: system.stock("TSHIRT-M") == before)


def test_the_history_of_an_order_can_be_read(system: System, customer: Account) -> None:
    """From the first event to the last, numbered without gaps."""
    order_id = system.placed(customer)
    system.settled(customer, order_id)
    history = system.call("GET", f"/api/orders/{order_id}/history", token=customer.token)
    assert history.status == 200, history
    versions = [event["version"] for event in history.json()["events"]]
    assert versions == list(range(1, len(versions) + 1))
    assert len(versions) >= 4


def test_somebody_elses_order_does_not_exist(system: System, customer: Account) -> None:
    """Reading or cancelling it is 404, not 403: its existence is nobody's business."""
    order_id = system.placed(customer)
    stranger = system.register()
    for method, path in (("GET", ""), ("GET", "/status"), ("GET", "/history"), ("POST", "/cancel")):
        answer = system.call(method, f"/api/orders/{order_id}{path}", token=stranger.token)
        assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json"), (path, answer)


def test_the_dashboard_shows_user_and_orders_together(system: System, customer: Account) -> None:
    """One call to the gateway gathers what several services know."""
    system.settled(customer, system.placed(customer))
    answer = system.call("GET", f"/api/user-dashboard/{customer.id}", token=customer.token)
    assert answer.status == 200, answer
    assert customer.email in answer.body.decode()
