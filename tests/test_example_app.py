"""The bundled example works: both shops start, answer every route, and answer alike."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SHOP = EXAMPLES / "shop"
TWINS = ("slow", "fast")
START_SECONDS = 10
MARK = re.compile(r"# (expect|later): (FAL\d{3})$")

needs_fastapi = pytest.mark.skipif(importlib.util.find_spec("fastapi") is None, reason="fastapi is not installed")


@dataclass
class Answer:
    status: int
    content_type: str
    body: str

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """One application under uvicorn, in a process of its own."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    token: str | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def request(self, method: str, path: str, body: object = None) -> Answer:
        headers = {"content-type": "application/json"}
        if self.token is not None:
            headers["authorization"] = f"Bearer {self.token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read().decode()
            return Answer(response.status, response.getheader("content-type", ""), text)
        finally:
            connection.close()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.request("GET", "/openapi.json")
            except OSError:
                time.sleep(0.05)
            else:
                return
        pytest.fail(f"the server did not start:\n{self.log.read_text()}")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def start(application: str, port: int, log: Path, environment: dict[str, str]) -> Server:
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(EXAMPLES), "--port", str(port), application]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        )
    return Server(port, process, log)


@contextmanager
def running_shops(folder: Path, *, with_provider: bool) -> Iterator[dict[str, Server]]:
    """Both shops; nobody listens on the mail port, nor on the provider's unless it is asked for."""
    provider_port, mail_port, *shop_ports = free_ports(4)
    servers: list[Server] = []
    try:
        if with_provider:
            servers.append(start("shop.provider:app", provider_port, folder / "provider.log", {}))
        shops = {}
        for name, port in zip(TWINS, shop_ports, strict=True):
            environment = {
                "SHOP_DATABASE": str(folder / f"{name}.db"),
                "SHOP_PROVIDER_URL": f"http://127.0.0.1:{provider_port}",
                "SHOP_SMTP_PORT": str(mail_port),
            }
            shops[name] = start(f"shop.{name}.app.main:app", port, folder / f"{name}.log", environment)
            servers.append(shops[name])
        for server in servers:
            server.wait_until_ready()
        yield shops
    finally:
        for server in servers:
            server.stop()
    for server in servers:
        assert "Traceback" not in server.log.read_text(), server.log.read_text()


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    with running_shops(tmp_path_factory.mktemp("shops"), with_provider=True) as servers:
        yield servers


CREDENTIALS = {"email": "ada@example.org", "password": "correct horse"}
ORDER = {
    "country": "DE",
    "postcode": "10115",
    "items": [{"product_id": 1, "quantity": 1}, {"product_id": 2, "quantity": 4}],
}
FAR_ORDER = {"country": "FR", "postcode": "75001", "items": [{"product_id": 3, "quantity": 2}]}
UNKNOWN_ORDER = {"country": "DE", "postcode": "20095", "items": [{"product_id": 99, "quantity": 1}]}
BANNER = {"text": "Tea week"}

# method, route, path, body, status
Step = tuple[str, str, str, object, int]
AS_GUEST: list[Step] = [
    ("GET", "/health", "/health", None, 200),
    ("GET", "/products", "/products", None, 200),
    ("GET", "/products", "/products?q=tea&limit=2&offset=1", None, 200),
    ("GET", "/products", "/products?q=kettle", None, 200),
    ("GET", "/products", "/products?limit=0", None, 422),
    ("GET", "/products/recent-searches", "/products/recent-searches", None, 200),
    ("GET", "/products/{product_id}", "/products/2", None, 200),
    ("GET", "/products/{product_id}", "/products/99", None, 404),
    ("GET", "/products/{product_id}/price", "/products/2/price?currency=USD", None, 200),
    ("GET", "/products/{product_id}/price", "/products/2/price?currency=XXX", None, 404),
    ("GET", "/users/me", "/users/me", None, 401),
    ("POST", "/orders", "/orders", ORDER, 401),
    ("PUT", "/banner", "/banner", BANNER, 401),
    ("GET", "/banner", "/banner", None, 200),
    ("POST", "/users", "/users", CREDENTIALS, 201),
    ("POST", "/users", "/users", CREDENTIALS, 409),
    ("POST", "/users", "/users", {"email": "nobody", "password": "short"}, 422),
    ("POST", "/users/login", "/users/login", {**CREDENTIALS, "password": "wrong horse"}, 401),
    ("POST", "/users/login", "/users/login", CREDENTIALS, 200),
]
AS_CUSTOMER: list[Step] = [
    ("GET", "/users/me", "/users/me", None, 200),
    ("POST", "/orders", "/orders", ORDER, 201),
    ("POST", "/orders", "/orders", FAR_ORDER, 201),
    ("POST", "/orders", "/orders", UNKNOWN_ORDER, 400),
    ("GET", "/orders", "/orders", None, 200),
    ("GET", "/orders/{order_id}", "/orders/1", None, 200),
    ("GET", "/orders/{order_id}", "/orders/99", None, 404),
    ("GET", "/orders/{order_id}/shipping", "/orders/1/shipping", None, 200),
    ("GET", "/orders/{order_id}/shipping", "/orders/2/shipping", None, 200),
    ("POST", "/orders/{order_id}/payment", "/orders/1/payment", {"token": "tok_declined"}, 402),
    ("POST", "/orders/{order_id}/payment", "/orders/1/payment", {"token": "tok_flaky"}, 200),
    ("POST", "/orders/{order_id}/payment", "/orders/1/payment", {"token": "tok_good"}, 409),
    ("GET", "/orders/{order_id}/invoice", "/orders/1/invoice", None, 200),
    ("GET", "/orders/{order_id}/label", "/orders/1/label", None, 200),
    ("PUT", "/banner", "/banner", BANNER, 200),
    ("GET", "/banner", "/banner", None, 200),
    ("GET", "/reports/sales", "/reports/sales?limit=3", None, 200),
    ("GET", "/reports/countries", "/reports/countries", None, 200),
]
WITHOUT_PROVIDER: list[Step] = [
    ("GET", "/products/{product_id}/price", "/products/2/price", None, 503),
    ("POST", "/orders", "/orders", ORDER, 201),
    ("GET", "/orders/{order_id}/shipping", "/orders/1/shipping", None, 503),
    ("POST", "/orders/{order_id}/payment", "/orders/1/payment", {"token": "tok_good"}, 503),
    ("GET", "/orders/{order_id}", "/orders/1", None, 200),
]


def play(server: Server, steps: list[Step]) -> list[Answer]:
    answers = []
    for method, _, path, body, status in steps:
        answer = server.request(method, path, body)
        assert answer.status == status, f"{method} {path}: {answer}\n{server.log.read_text()}"
        answers.append(answer)
    return answers


def sign_in(server: Server) -> None:
    server.token = server.request("POST", "/users/login", CREDENTIALS).json()["token"]


@needs_fastapi
def test_shops_give_the_same_answers(shops: dict[str, Server]) -> None:
    answers = {}
    for name, server in shops.items():
        answers[name] = play(server, AS_GUEST)
        sign_in(server)
        answers[name] += play(server, AS_CUSTOMER)
    assert answers["slow"] == answers["fast"]

    by_path = dict(zip([step[2] for step in AS_GUEST + AS_CUSTOMER], answers["fast"], strict=True))
    assert by_path["/products/recent-searches"].json() == ["kettle", "tea"]
    assert by_path["/products/2/price?currency=USD"].json()["amount_cents"] == 862
    assert by_path["/orders/1/shipping"].json() == {"zone": "home", "cents": 409}
    assert by_path["/banner"].json() == BANNER
    assert "Total: 52.50" in by_path["/orders/1/invoice"].body
    assert "DE-10115" in by_path["/orders/1/label"].body
    assert [line["sold"] for line in by_path["/reports/sales?limit=3"].json()] == [1, 4, 2]


@needs_fastapi
def test_shops_have_the_same_routes_and_each_is_driven(shops: dict[str, Server]) -> None:
    documents = {name: server.request("GET", "/openapi.json").json() for name, server in shops.items()}
    assert documents["slow"] == documents["fast"]

    routes = {(method.upper(), path) for path, item in documents["fast"]["paths"].items() for method in item}
    assert routes == {(method, route) for method, route, *_ in AS_GUEST + AS_CUSTOMER}


@needs_fastapi
def test_shops_work_without_the_outside_world(tmp_path: Path) -> None:
    with running_shops(tmp_path, with_provider=False) as servers:
        answers = {}
        for name, server in servers.items():
            server.request("POST", "/users", CREDENTIALS)
            sign_in(server)
            answers[name] = play(server, WITHOUT_PROVIDER)
        assert answers["slow"] == answers["fast"]


def modules(name: str) -> set[str]:
    return {path.relative_to(SHOP / name).as_posix() for path in (SHOP / name).rglob("*.py")}


def test_shops_have_the_same_modules() -> None:
    assert modules("slow") == modules("fast")
    assert len(modules("slow")) > 20


def marks(name: str) -> list[tuple[str, int, str]]:
    """(file, line, code) for each comment that says where the linter reports."""
    found = []
    for module in sorted(modules(name)):
        for number, line in enumerate((SHOP / name / module).read_text(encoding="utf-8").splitlines(), start=1):
            match = MARK.search(line)
            assert (match is not None) == bool(re.search(r"#\s*(expect|later)\b", line)), f"{module}:{number}"
            if match:
                found.append((module, number, match[2]))
    return found


def test_only_the_slow_shop_is_marked_and_the_readme_explains_each_mark() -> None:
    assert marks("fast") == []
    explained = set(
        re.findall(r"^\| (FAL\d{3}) \|.*?`([\w/]+\.py)`", (EXAMPLES / "README.md").read_text(), re.MULTILINE)
    )
    assert explained == {(code, module) for module, _, code in marks("slow")}
