"""A small s4 in a private network namespace: the connections of one app-a to app-b are reset under load.

Run by `test_grpc_reset.py` inside `unshare --user --map-root-user --net`; prints one JSON object. On the
loopback of that namespace app-a-0 and app-a-1 know app-b under addresses of their own, so that one can be cut
alone, and clients know app-a under one address that leads every new connection to a random ready instance.
"""

import http.client
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from grpc_program import Program

ROOT = Path(__file__).parents[2]
RATE_RPS, CONNECTIONS, BEFORE_S, FAULT_S, AFTER_S = 100, 20, 1.0, 2.0, 1.5
A_PORTS, B_PORTS = (53001, 53002), (51001, 51002, 51003)

RULES = """
table inet room {
  set cut { type ipv4_addr; flags timeout; }
  chain out { type filter hook output priority -150;
    tcp dport 50051 ip daddr @cut reject with tcp reset
  }
  chain vip { }
  chain nat { type nat hook output priority -100;
    ip daddr 127.0.1.0/24 tcp dport 50051 dnat ip to 127.0.0.1 : numgen random mod 3 map { 0 : 51001, 1 : 51002, 2 : 51003 }
    jump vip
  }
}
"""  # noqa: E501


def nft(script: str) -> None:
    subprocess.run(["nft", "-f", "-"], input=script, text=True, check=True)


def start(mode: str) -> tuple[list[Program], list[Program]]:
    resilient = mode == "resilient"
    b = [
        Program(
            "chaosproof.demo.grpc.app_b",
            {"INSTANCE_NAME": f"app-b-{n}", "GRPC_PORT": str(port), "B_DELAY_MS": "5"},
            cwd=ROOT,
        )
        for n, port in enumerate(B_PORTS)
    ]
    a = [
        Program(
            "chaosproof.demo.grpc.app_a",
            {
                "INSTANCE_NAME": f"app-a-{n}",
                "HTTP_PORT": str(port),
                "APP_B_ADDRESS": f"127.0.1.{n + 1}:50051",
                "RESILIENCE_ENABLED": str(resilient).lower(),
                "RETRY_ENABLED": str(resilient).lower(),
                "CHANNEL_POOL_SIZE": "4" if resilient else "1",
                # a machine that stalls lets all connections ask at once: none is to wait in line, nor be refused there
                "MAX_INFLIGHT": str(CONNECTIONS),
                # longer than a machine stalls: a request that a reset has not met is not to miss it
                "DEADLINE_MS": "4000",
            },
            cwd=ROOT,
        )
        for n, port in enumerate(A_PORTS)
    ]
    for program in [*b, *a]:
        program.wait_started()
    for program in a if resilient else []:
        program.event("ready")
    return a, b


def route(ready: tuple[int, ...]) -> None:
    """Send new connections to 127.0.9.9:8080 to one of these ports."""
    choices = ", ".join(f"{n} : {port}" for n, port in enumerate(ready))
    to = f"dnat ip to 127.0.0.1 : numgen random mod {len(ready)} map {{ {choices} }}"
    rule = f"add rule inet room vip ip daddr 127.0.9.9 tcp dport 8080 {to}\n" if ready else ""
    nft(f"flush chain inet room vip\n{rule}")


def balance(a: list[Program], stop: threading.Event) -> None:
    """Ask every 0.1 s who is ready, as a lab does."""
    known: tuple[int, ...] | None = None
    while not stop.wait(0 if known is None else 0.1):
        ready = tuple(program.http_port for program in a if program.get("/readyz").status == 200)
        if ready != known:
            route(ready)
            known = ready


def client(first_at: float, end_at: float, answers: list[tuple[str, str]]) -> None:
    """One kept-alive connection; a request that finds it closed is sent once more on a new one."""
    connection = http.client.HTTPConnection("127.0.9.9", 8080, timeout=5)
    due_at = first_at
    while due_at < end_at:
        time.sleep(max(0.0, due_at - time.monotonic()))
        due_at += CONNECTIONS / RATE_RPS
        for last_try in (connection.sock is None, True):
            try:
                connection.request("GET", "/api/work")
                response = connection.getresponse()
                body = json.loads(response.read())
                answers.append((response.headers["x-instance"], body["code"]))
                break
            except OSError as error:
                connection.close()
                if last_try:
                    answers.append(("", type(error).__name__))
                    break
    connection.close()


def main(mode: str) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    nft(RULES)
    a, b = start(mode)
    stop = threading.Event()
    balancer = threading.Thread(target=balance, args=(a, stop))
    balancer.start()
    while not subprocess.run(
        ["nft", "list", "chain", "inet", "room", "vip"], capture_output=True, text=True, check=True
    ).stdout.count("dnat"):
        pass
    answers: list[tuple[str, str]] = []
    start_at = time.monotonic()
    end_at = start_at + BEFORE_S + FAULT_S + AFTER_S
    clients = [
        threading.Thread(target=client, args=(start_at + n / RATE_RPS, end_at, answers))
        for n in range(CONNECTIONS)
    ]
    for thread in clients:
        thread.start()
    time.sleep(max(0.0, start_at + BEFORE_S - time.monotonic()))
    nft(f"add element inet room cut {{ 127.0.1.1 timeout {int(FAULT_S * 1000)}ms }}\n")
    ends_at = time.time() + FAULT_S  # the kernel's clock has started a little earlier
    for thread in clients:
        thread.join()
    stop.set()
    balancer.join()
    hit = a[0]
    result = {
        "answers": [[instance, code, n] for (instance, code), n in sorted(Counter(answers).items())],
        "unavailable_attempts": hit.metric('a_downstream_attempts_total{code="UNAVAILABLE"}'),
        "ready_at_the_end": [program.get("/readyz").status == 200 for program in a],
        "ready_after_s": None,
        "served_by": None,
    }
    if mode == "resilient":
        hit.event("not_ready", within_s=0.1)
        ready = hit.event("ready", within_s=0.1)
        result["ready_after_s"] = float(str(ready["at"])) - ends_at
        result["served_by"] = ready["served_by"]
    for program in [*a, *b]:
        program.end()
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1])
