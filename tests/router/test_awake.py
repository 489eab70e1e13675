"""Keeping CPUs awake: what is asked of the kernel, for how long, and what a gateway does that may not ask."""

import os

import pytest

from chaosproof.demo.router.awake import keep_cpus_awake
from chaosproof.demo.router.bench.server_socket import find_server
from tests.support.router_stack import stack


def test_the_wish_is_a_latency_of_zero_and_stands_until_the_descriptor_is_closed(tmp_path):
    place = tmp_path / "cpu_dma_latency"
    place.touch()
    descriptor = keep_cpus_awake(place)
    assert place.read_bytes() == bytes(4)
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)


def test_a_machine_without_the_place_is_an_error_that_says_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        keep_cpus_awake(tmp_path / "none")


def test_a_gateway_says_whether_cpus_are_kept_awake_and_serves_either_way(tmp_path):
    with stack(tmp_path, gateway={"KEEP_CPUS_AWAKE": "true"}) as running:
        events = [line["event"] for line in running.gateway.log]
        find_server(running.socket)
    assert events in (
        ["cpus_kept_awake", "nats_connected", "started"],
        ["cpus_may_sleep", "nats_connected", "started"],
    )
