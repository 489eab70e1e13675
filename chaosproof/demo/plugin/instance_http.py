"""One HTTP request to an instance, sent from its own network namespace by a few lines of Python.

curl may be missing there.
"""

from chaosproof.errors import ChaosproofError
from chaosproof.targets import Instance, Target

__all__ = ["ask_http"]

# A bare socket, and no site packages: this starts in a third of the time that http.client takes, and what is asked of
# several instances should happen at one time.
_ASK = """
import socket, sys
host, port, method, path, body = sys.argv[1:]
with socket.create_connection((host, int(port)), timeout=5) as connection:
    head = f"{method} {path} HTTP/1.0\\r\\nHost: {host}\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n"
    connection.sendall((head + body).encode())
    answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
head, _, body = answer.partition("\\r\\n\\r\\n")
print(head.split()[1])
print(body, end="")
"""
_PORT = "http"


def ask_http(target: Target, instance: Instance, method: str, path: str, body: str = "") -> tuple[int, str]:
    """Status and body of the answer on the instance's port called `http`.

    Raises `ChaosproofError` when it has no such port, or no answer comes.
    """
    if _PORT not in instance.ports:
        raise ChaosproofError(
            f"{instance.name} has no port called {_PORT}, so it cannot be asked for {path}."
        )
    where = [instance.address, str(instance.ports[_PORT])]
    done = target.run(instance.name, ["python", "-I", "-S", "-c", _ASK, *where, method, path, body])
    status, _, body_received = done.stdout.partition("\n")
    if done.exit_code != 0 or not status.isdigit():
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise ChaosproofError(
            f"{instance.name} did not answer {method} {path} (exit code {done.exit_code}): "
            f"{lines[-1] if lines else 'it body_received nothing'}"
        )
    return int(status), body_received
