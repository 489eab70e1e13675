"""Why a container cannot be acted on: one sentence for each reason, and none where it can."""

from dataclasses import replace

import pytest

from chaosproof.targets.containers.engine.records import Container
from chaosproof.targets.containers.engine.refusals import (
    Situation,
    engine_refusal,
    port_refusal,
    why_not,
)
from tests.support.containers import SHOP

HERE = Situation()


def test_a_running_container_in_a_network_of_its_own_is_not_refused():
    """Nor is it as one of its project."""
    assert why_not(SHOP, HERE) == ""
    assert why_not(SHOP, HERE, project="mine") == ""


@pytest.mark.parametrize(
    "container, situation, part",
    [
        (
            replace(SHOP, running=False, exit_code=137),
            HERE,
            "does not run (it ended with exit code 137): start it",
        ),
        (replace(SHOP, running=False), HERE, "does not run: start it first"),
        (replace(SHOP, network_mode="host"), HERE, "this machine's own network"),
        (SHOP, Situation(is_own_network=True), "this machine's own network"),
        (replace(SHOP, network_mode="none"), HERE, "has no network (network_mode: none)"),
        (SHOP, Situation(is_here=False), "its engine runs in a virtual machine"),
        (
            SHOP,
            Situation(shared_with=("mine-db-1",)),
            "shares its network with mine-db-1, and a fault would hit all",
        ),
        (replace(SHOP, labels={"com.docker.swarm.task.id": "x"}), HERE, "a task of Docker Swarm"),
    ],
)
def test_each_reason_is_one_sentence_with_what_to_do(container: Container, situation: Situation, part: str):
    """It names the container, and ends as a sentence does."""
    reason = why_not(container, situation)
    assert reason.startswith("Container mine-shop-1 ") and part in reason and reason.endswith(".")


def test_a_container_of_another_project_is_refused():
    """What was asked for by a project is never found outside of it."""
    assert "belongs to the project mine, not to yours" in why_not(SHOP, HERE, project="yours")
    alone = replace(SHOP, project="", service="", number=0)
    assert "belongs to no project, not to yours" in why_not(alone, HERE, project="yours")


@pytest.mark.parametrize(
    "owner, user, part",
    [
        (0, 0, ""),
        (1000, 1000, ""),
        (0, 1000, "only root may enter the networks of its containers"),
        (1001, 1000, "is that of user 1001, and this is user 1000: run this as user 1001."),
        (1000, 0, "is that of user 1000"),
    ],
)
def test_the_engine_has_to_be_this_users(owner: int, user: int, part: str):
    """Root's needs root, and a rootless one its user."""
    reason = engine_refusal("Podman 4.3.1 at /run/podman/podman.sock", owner, user)
    assert part in reason and bool(reason) == bool(part)


def test_dockers_own_dns_cannot_be_hit_at_its_port():
    """Its packets have another port by the time that a fault sees them; everywhere else port 53 is a port."""
    assert "Docker's own DNS" in port_refusal("docker", SHOP, 53)
    assert port_refusal("podman", SHOP, 53) == ""
    assert port_refusal("docker", SHOP, 5432) == ""
    assert port_refusal("docker", replace(SHOP, network_mode="bridge"), 53) == ""
