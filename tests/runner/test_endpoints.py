"""Probes of the toolkit itself reach the lab by variables, and one that would look elsewhere is refused."""

import pytest

from chaosproof.runner.endpoints import endpoint_mistakes, endpoint_variables
from chaosproof.targets.system.definition import Service, System

SYSTEM = System(
    "demo",
    (
        Service("shop", ("shop",), ports={"http": 8000, "admin": 8001}),
        Service("app-a", ("a",), ports={"grpc": 50051}),
        Service("worker", ("w",)),
    ),
)


def mistakes(provider: dict, target: str = "local") -> list[str]:
    probe = {"name": "shop answers", "provider": provider}
    return [*endpoint_mistakes({"steady-state-hypothesis": {"probes": [probe]}}, SYSTEM, target)]


def test_every_port_has_its_variables():
    up = {"shop": "http://127.0.0.1:4001", "shop.admin": "http://127.0.0.1:4002"}
    assert endpoint_variables(SYSTEM, {**up, "app-a": "http://127.0.0.1:4003"}) == {
        "endpoint_shop_http": "http://127.0.0.1:4001",
        "address_shop_http": "127.0.0.1:4001",
        "endpoint_shop_admin": "http://127.0.0.1:4002",
        "address_shop_admin": "127.0.0.1:4002",
        "endpoint_app_a_grpc": "http://127.0.0.1:4003",
        "address_app_a_grpc": "127.0.0.1:4003",
    }
    assert endpoint_variables(SYSTEM, {"prometheus": "http://127.0.0.1:9090"}) == {}


@pytest.mark.parametrize(
    "provider",
    [
        {"type": "http", "url": "${endpoint_shop_http}/readyz"},
        {"type": "http", "url": "http://example.com:8000/shop:9/x"},
        {"type": "http", "url": "http://127.0.0.1:9999/"},
        {"type": "process", "path": "curl", "arguments": ["-sf", "${address_app_a_grpc}/shop"]},
        {"type": "process", "path": "cat", "arguments": "/etc/shop"},
        {
            "type": "python",
            "module": "chaosproof.actions.load",
            "func": "start",
            "arguments": {"url": "http://shop:8000/"},
        },
    ],
)
def test_what_reaches_it_or_is_none_of_it_is_left_alone(provider):
    assert mistakes(provider) == []


@pytest.mark.parametrize(
    ("provider", "remedy"),
    [
        ({"type": "http", "url": "http://shop:8000/readyz"}, "write ${endpoint_shop_http} for its url"),
        ({"type": "http", "url": "http://127.0.0.1:8001/"}, "write ${endpoint_shop_admin} for its url"),
        ({"type": "http", "url": "http://localhost:50051"}, "write ${endpoint_app_a_grpc} for its url"),
        ({"type": "http", "url": "http://shop/"}, "${endpoint_shop_http} or ${endpoint_shop_admin}"),
        ({"type": "process", "arguments": "-sf http://shop:8000/readyz"}, "write ${endpoint_shop_http}"),
        ({"type": "process", "arguments": {"-plaintext": "app-a:50051"}}, "write ${endpoint_app_a_grpc}"),
        ({"type": "http", "url": "${endpoint_shp_http}/"}, "did you mean endpoint_shop_http?"),
    ],
)
def test_what_would_look_elsewhere_is_refused_with_the_variable_to_write(provider, remedy):
    [mistake] = mistakes(provider)
    assert mistake.startswith("'shop answers': ") and remedy in mistake


def test_in_a_cluster_names_may_lead_to_services_and_there_are_no_variables():
    assert mistakes({"type": "http", "url": "http://shop:8000/"}, "kubernetes") == []
    [mistake] = mistakes({"type": "http", "url": "${endpoint_shop_http}/"}, "kubernetes")
    assert "in a lab only" in mistake
