"""Real programs of the gRPC pair for tests: each on free ports, each ended by the test that started it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# `tests/` on the path makes this folder look like the package `demo`; the real one must be found first.
sys.path.insert(0, str(ROOT))

from grpc_program import Program  # noqa: E402

StartB = Callable[..., Program]


@pytest.fixture
def programs() -> Iterator[list[Program]]:
    started: list[Program] = []
    yield started
    for program in reversed(started):
        program.end()


@pytest.fixture
def start_b(programs: list[Program]) -> StartB:
    """`start_b(B_DELAY_MS="5")`: an app-b that has started; `.grpc_port`, `.http_port`."""

    def start(**environment: str) -> Program:
        program = Program(
            "chaosproof.demo.grpc.app_b",
            {"INSTANCE_NAME": "app-b-0", "GRPC_PORT": "0", "B_DELAY_MS": "0", **environment},
            cwd=ROOT,
        )
        programs.append(program)
        program.wait_started()
        return program

    return start


@pytest.fixture
def start_a(programs: list[Program]) -> Callable[..., Program]:
    """`start_a(app_b.grpc_port, RETRY_ENABLED="false")`: an app-a that has started and is ready."""

    def start(grpc_port: int, *, ready: bool = True, **environment: str) -> Program:
        program = Program(
            "chaosproof.demo.grpc.app_a",
            {"INSTANCE_NAME": "app-a-0", "APP_B_ADDRESS": f"127.0.0.1:{grpc_port}", **environment},
            cwd=ROOT,
        )
        programs.append(program)
        program.wait_started()
        if ready and environment.get("RESILIENCE_ENABLED") != "false":
            program.event("ready")
        return program

    return start
