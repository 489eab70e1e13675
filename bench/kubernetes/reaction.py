"""How soon a fault is on after it was called for, in a cluster: ours, and iptables by hand, in turn in the same run.

    python -m bench.kubernetes.reaction --namespace demo --instance app-a-0 --port 50051

Ours is `FaultEngine.apply`: one command that puts a timed element into an nft set, armed ahead of time as an experiment
does it, and once more without, when everything is tried first. By hand is `kubectl exec ... iptables`, with the rule
taken out again by a second one, which is what ends such a fault: nobody else would.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault
from chaosproof.judge.figures.summary import percentile_ms
from chaosproof.targets.kubernetes.client.api import connect
from chaosproof.targets.kubernetes.pods.services import find_services
from chaosproof.targets.kubernetes.target import KubernetesTarget

_RULE = "-p tcp --dport {port} -j REJECT --reject-with tcp-reset"


def _took_s(act: Callable[[], object]) -> float:
    begun = time.monotonic()
    act()
    return time.monotonic() - begun


def _by_hand(namespace: str, instance: str, port: int, what: str) -> None:
    rule = _RULE.format(port=port).split()
    argv = [
        "kubectl",
        "-n",
        namespace,
        "exec",
        instance,
        "-c",
        "chaos",
        "--",
        "iptables",
        "-w",
        what,
        "OUTPUT",
        *rule,
    ]
    subprocess.run(argv, check=True, capture_output=True, timeout=30)


def main() -> int:
    """Measure, and print one line of JSON for each way; exit code 1 when ours is not within 300 ms at p95."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--namespace", default="demo")
    parser.add_argument("--instance", default="app-a-0")
    parser.add_argument("--port", type=int, default=50051)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    cluster = connect(options.namespace)
    target = KubernetesTarget(cluster, find_services(cluster, []))
    engine = FaultEngine(target, limits=Limits(allow_all=True))
    fault = Fault(kind="reset", duration_s=1.0, port=options.port)
    took: dict[str, list[float]] = {"armed": [], "not armed": [], "iptables on": [], "iptables off": []}
    engine.prepare(options.instance)
    for round_of in range(options.rounds):
        armed = engine.arm(fault, options.instance).apply
        for way, put_on in (("armed", armed), ("not armed", partial(engine.apply, fault, options.instance))):
            begun = time.monotonic()
            receipt = put_on()
            took[way].append(time.monotonic() - begun)
            engine.wait_until_ended(receipt)
        if shutil.which("kubectl"):
            by_hand = partial(_by_hand, options.namespace, options.instance, options.port)
            took["iptables on"].append(_took_s(partial(by_hand, "-A")))
            took["iptables off"].append(_took_s(partial(by_hand, "-D")))
        print(f"round {round_of + 1} of {options.rounds}", file=sys.stderr, flush=True)
    for way, values in took.items():
        values.sort()
        figures = {f"p{p}_ms": round(percentile_ms(values, p) or 0.0, 1) for p in (50, 95, 100)}
        print(json.dumps({"way": way, "rounds": len(values), **figures}))
    target.close()
    return 0 if (percentile_ms(took["armed"], 95) or 0.0) <= 300 else 1


if __name__ == "__main__":
    sys.exit(main())
