"""How long a fault takes to go on in a container: by nsenter from outside, and beside it by the engine's own `exec`.

    ./run test --containers --only podman-rootless --command -- python -m bench.containers.apply --calls 100

One call after another, in turn over the ways, so that all meet the same machine. `fault` is a whole fault of ours,
armed before; `nsenter` one transaction of nft by a command of this machine in the container's network; `exec` the same
one by `podman exec` or `docker exec` in a container that has nft. Prints milliseconds, and the ratio of the last two.
"""

import argparse
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence

from bench.faults.reaction import percentile
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault
from chaosproof.targets.containers.engine.find import find_engine
from chaosproof.targets.containers.one_container import open_container
from chaosproof.targets.process_network import ProcessNetwork
from tests.containers.projects import new_project

__all__ = ["measure"]

_PORT = 20_000
_TRANSACTION = "add table inet bench\nadd chain inet bench empty\ndelete table inet bench\n"
# nft and what it needs, of this machine
_BINDS = ["/usr:/usr:ro", "/usr/lib:/lib:ro", *(["/usr/lib64:/lib64:ro"] if shutil.which("ldd") else [])]


def measure(calls: int) -> dict[str, list[float]]:
    """Milliseconds per call, by way."""
    client = find_engine()
    with new_project(client) as project:
        container = project.run("shop", ["sleep", "10000"], host={"cap_add": ["NET_ADMIN"], "binds": _BINDS})
        target, running = open_container(container.name)
        faults = FaultEngine(target, limits=Limits(allow_all=True), canary=False)
        network = ProcessNetwork(container.pid, container.name)

        def fault_ms() -> float:
            armed = faults.arm(Fault(kind="reset", port=_PORT, duration_s=60.0), target.meant)
            receipt = armed.apply()
            faults.heal(target.meant)
            assert receipt.apply_ms is not None
            return receipt.apply_ms

        def nsenter() -> None:
            done = network.run(["nft", "-f", "-"], stdin=_TRANSACTION)
            assert done.exit_code == 0, done.stderr

        def execute() -> None:
            argv = [client.kind, "exec", "-i", container.id, "/usr/sbin/nft", "-f", "-"]
            place = {**os.environ, "DOCKER_HOST": f"unix://{client.socket}"}
            subprocess.run(argv, input=_TRANSACTION, text=True, check=True, capture_output=True, env=place)

        by_way: dict[str, list[float]] = {"fault": [], "nsenter": [], "exec": []}
        for _ in range(calls):
            by_way["fault"].append(fault_ms())
            by_way["nsenter"].append(_timed_ms(nsenter))
            by_way["exec"].append(_timed_ms(execute))
        running.take_down()
    client.close()
    return by_way


def _timed_ms(call: Callable[[], None]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def _row(way: str, values: Sequence[float]) -> str:
    p50, p95 = percentile(values, 0.5), percentile(values, 0.95)
    return f"{way:<8} p50 {p50:7.1f} ms   p95 {p95:7.1f} ms   longest {max(values):.0f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=100)
    by_way = measure(parser.parse_args().calls)
    for way, values in by_way.items():
        print(_row(way, values))
    for share in (0.5, 0.95):
        ratio = percentile(by_way["exec"], share) / percentile(by_way["nsenter"], share)
        print(f"exec / nsenter at p{100 * share:.0f}: {ratio:.1f}")


if __name__ == "__main__":
    main()
