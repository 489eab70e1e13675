"""A system of what the Compose CLI says: every word that has a meaning here, and what `x-chaosproof` adds to it."""

import pytest

from chaosproof.errors import UsageError
from chaosproof.targets.containers.compose.overlay import overlay_of
from chaosproof.targets.containers.compose.system import system_of_config
from chaosproof.targets.system.definition import HealthCheck, Service, System


def service_of(body: dict[str, object], **others: dict[str, object]) -> Service:
    system = system_of_config({"services": {"web": body, **others}}, "shop")
    return next(service for service in system.services if service.name == "web")


def refusal_of(body: dict[str, object]) -> str:
    with pytest.raises(UsageError) as caught:
        system_of_config({"services": {"web": body}}, "shop", ["/shop/compose.yaml"])
    return str(caught.value)


def test_what_compose_says_of_a_service_is_taken_over() -> None:
    """Ports of TCP by their number, dollars as the program gets them, the policy and the grace period."""
    web = service_of(
        {
            "image": "web",
            "entrypoint": ["/init"],
            "command": ["serve", "$$HOME"],
            "environment": {"COST": "$$5", "LEVEL": "3", "NONE": None},
            "ports": [{"target": 80, "published": "8080"}, {"target": 53, "protocol": "udp"}],
            "expose": ["9000", "7000-7001/tcp", "514/udp"],
            "restart": "on-failure:3",
            "stop_grace_period": "1m5s",
            "user": "1000:1000",
            "working_dir": "/srv",
            "depends_on": {
                "db": {"condition": "service_healthy"},
                "gone": {"condition": "service_started", "required": False},
            },
        },
        db={"image": "db"},
    )
    assert web.command == ("/init", "serve", "$HOME")
    assert web.environment == {"COST": "$5", "LEVEL": "3"}
    assert web.ports == {"80": 80, "9000": 9000, "7000": 7000, "7001": 7001}
    assert (web.restart, web.stop_grace_period_s, web.user, web.working_dir) == (
        "on-failure:3",
        65.0,
        "1000:1000",
        "/srv",
    )
    assert web.depends_on == ("db",)


def test_a_service_without_a_word_is_one_copy_of_what_its_image_says() -> None:
    web = service_of({"image": "web"})
    assert web == Service("web", (), stop_grace_period_s=10.0)


@pytest.mark.parametrize(
    ("body", "copies"),
    [({}, 1), ({"scale": 2}, 2), ({"deploy": {"replicas": 3}}, 3), ({"deploy": {"mode": "global"}}, 1)],
)
def test_copies_are_counted_as_compose_counts_them(body: dict[str, object], copies: int) -> None:
    assert service_of({"image": "web", **body}).replicas == copies


def test_a_service_of_no_copy_is_none() -> None:
    """Nor does anybody wait for it; where that is all there is, nothing can be tested."""
    system = system_of_config(
        {"services": {"web": {"depends_on": {"off": {"condition": "service_started"}}}, "off": {"scale": 0}}},
        "shop",
    )
    assert [(service.name, service.depends_on) for service in system.services] == [("web", ())]
    assert "no service of these Compose files is started" in refusal_of({"scale": 0})


def test_what_others_wait_to_see_completed_runs_once() -> None:
    done = {"migrate": {"condition": "service_completed_successfully"}}
    system = system_of_config({"services": {"web": {"depends_on": done}, "migrate": {"image": "m"}}}, "shop")
    assert {service.name: service.one_shot for service in system.services} == {"web": False, "migrate": True}


@pytest.mark.parametrize(
    ("policy", "restart"),
    [
        ({"condition": "any"}, "always"),
        ({"condition": "none"}, "no"),
        ({"condition": "on-failure", "max_attempts": 4}, "on-failure:4"),
        ({"delay": "5s"}, "always"),
    ],
)
def test_a_restart_policy_of_deploy_is_the_containers(policy: dict[str, object], restart: str) -> None:
    assert service_of({"image": "web", "deploy": {"restart_policy": policy}}).restart == restart
    assert service_of({"restart": "no", "deploy": {"restart_policy": policy}}).restart == "no"


def test_a_health_test_is_asked_in_its_own_words_and_times() -> None:
    check = service_of(
        {
            "healthcheck": {
                "test": ["CMD-SHELL", "curl -f localhost || exit 1"],
                "interval": "5s",
                "timeout": "1.5s",
                "retries": 4,
                "start_period": "1m40s",
            }
        }
    ).healthcheck
    assert check == HealthCheck(
        "test",
        "sh -c curl -f localhost || exit 1",
        0,
        interval_s=5.0,
        timeout_s=126.0,
        command=("sh", "-c", "curl -f localhost || exit 1"),
        answer_timeout_s=1.5,
        retries=4,
    )


def test_a_health_test_without_times_is_asked_every_second() -> None:
    """Compose's own 30 s would see a recovery half a minute late."""
    check = service_of({"healthcheck": {"test": ["CMD", "pg_isready", "-U", "$$USER"]}}).healthcheck
    assert check is not None
    assert (check.command, check.interval_s, check.retries) == (("pg_isready", "-U", "$USER"), 1.0, 3)


def test_a_service_that_says_nothing_of_its_health_is_asked_whether_its_first_port_is_open() -> None:
    """That which is published, before one that is only exposed; what runs once is not asked."""
    body: dict[str, object] = {"expose": ["9000"], "ports": [{"target": 80}]}
    check = service_of(body).healthcheck
    assert check is not None and (check.kind, check.target, check.port) == ("tcp", "80", 80)
    done = {"depends_on": {"web": {"condition": "service_completed_successfully"}}}
    assert service_of(body, other=done).healthcheck is None


@pytest.mark.parametrize("check", [{"test": ["NONE"]}, {"disable": True, "test": ["CMD", "x"]}, {}])
def test_a_health_test_that_is_switched_off_is_none(check: dict[str, object]) -> None:
    assert service_of({"healthcheck": check}).healthcheck is None


def test_x_chaosproof_names_ports_and_says_where_readiness_and_metrics_are() -> None:
    web = service_of(
        {
            "ports": [{"target": 8080}, {"target": 9000}],
            "healthcheck": {"test": ["CMD", "true"]},
            "x-chaosproof": {
                "ports": {"http": 8080},
                "healthcheck": {"http": "/readyz", "port": "http", "interval_s": 0.05},
                "metrics": {"port": "http", "path": "/m"},
            },
        }
    )
    assert web.ports == {"http": 8080, "9000": 9000}
    assert web.healthcheck is not None
    assert (web.healthcheck.kind, web.healthcheck.target, web.healthcheck.port) == ("http", "/readyz", 8080)
    assert (web.metrics_path, web.metrics_port) == ("/m", 8080)


@pytest.mark.parametrize(
    ("extension", "sentence"),
    [
        (
            {"healthcheck": {"http": "/readyz", "port": "http"}},
            "/shop/compose.yaml: services.web.x-chaosproof.healthcheck: port 'http' is not one of this service's "
            "ports (none).",
        ),
        (
            {"ports": {"http": 80}, "healthcheck": {"http": "/", "tcp": "http", "port": "http"}},
            "services.web.x-chaosproof.healthcheck: expected exactly one of 'http' with 'port' or 'tcp'",
        ),
        ({"metrics": {}}, "services.web.x-chaosproof.metrics: 'port' is a required property"),
        ({"ports": {"http": "80"}}, "services.web.x-chaosproof.ports.http: expected integer, got '80'"),
        ({"replicas": 2}, "services.web.x-chaosproof.replicas: unknown key 'replicas'"),
        (["http"], "services.web.x-chaosproof: expected a map with ports, healthcheck, metrics"),
    ],
)
def test_a_mistake_in_x_chaosproof_is_answered_as_in_a_system_file(extension: object, sentence: str) -> None:
    assert sentence in refusal_of({"x-chaosproof": extension})


def test_all_mistakes_are_answered_at_once() -> None:
    """As a system file's are."""
    with pytest.raises(UsageError) as caught:
        system_of_config(
            {"services": {"a": {"x-chaosproof": {"x": 1}}, "b": {"x-chaosproof": {"ports": {"X": 1}}}}}, "s"
        )
    message = str(caught.value)
    assert "s has 2 mistakes:" in message
    assert "services.a.x-chaosproof.x" in message and "services.b.x-chaosproof.ports" in message


def test_extends_that_podman_compose_does_not_resolve_is_refused() -> None:
    """Its ports and health tests would be missing without a word."""
    assert "Docker Compose 2" in refusal_of({"extends": {"service": "base"}})


def _system(**settings: dict[str, object]) -> System:
    return System(
        "shop",
        (Service("web", (), replicas=2), Service("db", ())),
        file="system.yaml",
        values={"services": settings},
    )


def test_an_overlay_sets_what_the_mode_says_of_services_of_the_compose_file() -> None:
    """A dollar is doubled, since Compose reads it; a service that only a chart has is left out."""
    config = {"services": {"web": {"image": "w"}, "db": {"image": "d"}}}
    system = _system(web={"environment": {"COST": "$5"}}, router={"environment": {"A": "1"}})
    assert overlay_of(system, config) == {
        "services": {
            "web": {
                "environment": {"COST": "$$5"},
                "scale": 2,
                "deploy": {"mode": "replicated", "replicas": 2},
            }
        }
    }


def test_copies_that_compose_has_already_are_not_set_again() -> None:
    config = {"services": {"web": {"scale": 2}, "db": {"deploy": {"replicas": 3}}}}
    copies = {"scale": 1, "deploy": {"mode": "replicated", "replicas": 1}}
    assert overlay_of(_system(), config) == {"services": {"db": copies}}


def test_a_service_of_the_system_file_that_compose_does_not_have_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"system.yaml: db is no service of its Compose files; there are web"
    ):
        overlay_of(_system(), {"services": {"web": {}}})


def test_a_system_of_compose_files_alone_needs_no_overlay() -> None:
    config = {"services": {"web": {"scale": 2}, "db": {"image": "d"}}}
    assert overlay_of(system_of_config(config, "shop"), config) == {}
