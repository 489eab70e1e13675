"""Settings of the gRPC pair: what is not said has a default, what is said wrongly is refused."""

import pytest

from chaosproof.demo.grpc.settings import SettingError, SettingsA, SettingsB


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = SettingsA.read({})
    assert (settings.http_port, settings.app_b_address) == (8080, "app-b:50051")
    assert (settings.deadline_ms, settings.max_inflight, settings.channel_pool_size) == (800, 10, 1)
    assert (settings.breaker_window_calls, settings.breaker_failure_percent) == (10, 50)
    assert (settings.breaker_open_ms, settings.breaker_half_open_probes) == (5000, 3)
    assert (settings.reconnect_backoff_ms, settings.reconnect_backoff_max_ms) == (100, 1000)
    assert settings.retry_attempts == 3
    assert SettingsB.read({}).idempotency_ttl_ms == 30_000


def test_what_is_said_is_taken() -> None:
    settings = SettingsA.read(
        {"RESILIENCE_ENABLED": "false", "DEADLINE_MS": "500", "INSTANCE_NAME": "app-a-1"}
    )
    assert (settings.resilient, settings.deadline_ms, settings.instance) == (False, 500, "app-a-1")
    assert SettingsB.read({"FAIL_RATE": "0.3", "B_DELAY_MS": "200"}).fail_ratio == 0.3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RESILIENCE_ENABLED", "yes"),
        ("RETRY_ENABLED", "True"),
        ("DEADLINE_MS", "0"),
        ("DEADLINE_MS", "0.5"),
        ("DEADLINE_MS", "1_000"),
        ("DEADLINE_MS", "500ms"),
        ("MAX_INFLIGHT", "-1"),
        ("MAX_INFLIGHT", "٣"),
        ("CHANNEL_POOL_SIZE", ""),
        ("RETRY_ATTEMPTS", "4"),
        ("HTTP_PORT", "65536"),
        ("APP_B_ADDRESS", "app-b"),
        ("APP_B_ADDRESS", "app-b:http"),
        ("APP_B_ADDRESS", ":50051"),
        ("INSTANCE_NAME", " "),
    ],
)
def test_app_a_refuses_a_wrong_value_and_names_it(name: str, value: str) -> None:
    with pytest.raises(SettingError) as refusal:
        SettingsA.read({name: value})
    assert name in str(refusal.value)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FAIL_RATE", "1.1"),
        ("FAIL_RATE", "nan"),
        ("FAIL_RATE", "30%"),
        ("B_DELAY_MS", "-5"),
        ("GRPC_PORT", "x"),
    ],
)
def test_app_b_refuses_a_wrong_value_and_names_it(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        SettingsB.read({name: value})
