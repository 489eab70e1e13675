"""Tries in a network namespace whether packets can be held by a program there: sent by the doctor, in one file.

The arguments are the text of holder and the chain for the rules: `OUTPUT` where the namespace is thrown away
afterwards, and then a datagram over loopback must come late; else a chain of its own, through which nothing passes.
"""

import json
import socket
import subprocess
import sys
import time

__all__ = ["main"]

DELAY_S = 0.05
_PATIENCE_S = 5.0


def main() -> None:
    """End with nothing said when it works, else with what did not."""
    program, chain = sys.argv[1:]
    sockets = [(socket.socket(family, socket.SOCK_DGRAM), ip) for family, ip in _loopbacks()]
    for server, ip in sockets:
        server.bind((ip, 0))
        server.settimeout(_PATIENCE_S)
    up, down = [], []
    own = "" if chain == "OUTPUT" else f":{chain} - [0:0]\n"
    for tool, (server, _) in zip(("iptables", "ip6tables"), sockets, strict=True):
        port = server.getsockname()[1]
        rule = f"-A {chain} -o lo -p udp --dport {port} -j NFQUEUE --queue-num {{queue}} --queue-bypass"
        up.append((f"{tool}-restore", f"*mangle\n{own}{rule}\nCOMMIT\n"))
        down += [f"{tool} -w -t mangle {verb} {chain}" for verb in (("-F", "-X") if own else ("-F",))]
    order = {"delay_s": DELAY_S, "jitter_s": 0, "duration_s": _PATIENCE_S}
    settings = json.dumps({**order, "up": up, "down": "; ".join(down)})
    argv = [sys.executable, "-I", "-S", "-c", program, settings]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin and holder.stdout
        holder.stdin.write("go\n")
        holder.stdin.flush()
        line = holder.stdout.readline().strip()
        late = line == "on" and (chain != "OUTPUT" or all(_comes_late(server) for server, _ in sockets))
        holder.terminate()
        holder.stdin.close()
    if not late:
        raise SystemExit(line if line != "on" else "packets were not held")


def _loopbacks() -> list[tuple[int, str]]:
    return [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]


def _comes_late(server: socket.socket) -> bool:
    began = time.monotonic()
    server.sendto(b"?", server.getsockname())
    try:
        server.recv(1)
    except TimeoutError:
        return False
    return time.monotonic() - began >= DELAY_S


if __name__ == "__main__":
    main()
