"""How soon after a reset is on a pod has none of the pair's connections left, at 1, 50 and 1,000 of them.

    python -m bench.kubernetes.both_ends --namespace demo --client app-a-0 --server app-b-0 --rounds 5

What `bench.faults.both_ends` measures in a lab, in two pods with the sidecar `chaos`: all that it takes runs there, and
the system beside it is left alone. The pods' clocks must agree, as those of one node do.
"""

import argparse
import json
import os
import sys

from bench.faults.both_ends import COUNTS, gone_after_ms, table
from chaosproof.targets.kubernetes.client.api import connect
from chaosproof.targets.kubernetes.pods.services import find_services
from chaosproof.targets.kubernetes.target import KubernetesTarget


def main() -> None:
    """Measure, and print each round as a line of JSON to stderr and the table to stdout."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--namespace", default="demo")
    parser.add_argument("--client", default="app-a-0")
    parser.add_argument("--server", default="app-b-0")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    cluster = connect(options.namespace)
    services = {instance.rpartition("-")[0] for instance in (options.client, options.server)}
    target = KubernetesTarget(cluster, find_services(cluster, sorted(services)))
    figures: dict[int, list[tuple[float, int]]] = {count: [] for count in COUNTS}
    try:
        for count, rows in figures.items():
            for _ in range(options.rounds):
                rows.append(gone_after_ms(target, options.client, options.server, count))
                time_ms, left = rows[-1]
                row = {
                    "connections": count,
                    "gone_after_ms": round(time_ms, 1),
                    "left": left,
                    "load": os.getloadavg()[0],
                }
                print(json.dumps(row), file=sys.stderr, flush=True)
    finally:
        target.close()
    print(table(figures))


if __name__ == "__main__":
    main()
