"""What one packet pays in processor time for the prepared table while no fault is on.

    .venv/bin/python -m bench.faults.packet_cost --rounds 15

A program in an instance sends datagrams to itself, so each passes the hooks for going out and for coming in, and says
how much processor time of its own one took: a figure that other programs on the machine hardly touch. `empty chains`
have the hooks and no rule, which is what any table costs.
"""

import argparse
import statistics

from chaosproof.faults.backends.nft.render import static_table
from tests.faults.netns_target import NetnsTarget

_INSTANCE = "client-0"
# each line on stdin is a round: prints the nanoseconds of processor time per datagram
_PROGRAM = """
import socket, sys, time
sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # what does not fit is dropped, at no cost worth naming
sink.bind(("127.0.0.1", 9))
source = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
source.connect(("127.0.0.1", 9))
for _ in sys.stdin:
    began = time.process_time()
    for _ in range(30000):
        source.send(b"x")
    print((time.process_time() - began) / 30000 * 1e9, flush=True)
"""
_EMPTY = """table inet chaosproof {
  chain egress {
    type filter hook output priority 0;
  }
  chain ingress {
    type filter hook input priority 0;
  }
}
"""
_WAYS = {"no rules": "", "empty chains": _EMPTY, "prepared table": static_table()}


def main(rounds: int) -> None:
    """Measure and print."""
    found: dict[str, list[float]] = {name: [] for name in _WAYS}
    with NetnsTarget(clients=1, servers=1) as room:
        program = room.python(_INSTANCE, _PROGRAM)
        assert program.stdin and program.stdout
        for number in range(rounds + 1):
            for name, table in _WAYS.items():
                done = room.run(_INSTANCE, ["nft", "-f", "-"], stdin=f"flush ruleset\n{table}")
                assert done.exit_code == 0, done.stderr
                program.stdin.write("go\n")
                program.stdin.flush()
                cost_ns = float(program.stdout.readline())
                if number:  # the first round is for warming up
                    found[name].append(cost_ns)
        program.stdin.close()
    for name, values in found.items():
        print(f"{name:<16}{statistics.median(values):8.0f} ns per datagram, median of {len(values)} rounds")
    extra = [b - a for a, b in zip(found["no rules"], found["prepared table"], strict=True)]
    print(f"the prepared table costs {statistics.median(extra):.0f} ns, out and in together")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    main(parser.parse_args().rounds)
