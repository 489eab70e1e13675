"""Questions to an instance from the lab's own namespace: is it ready, and what are its metrics."""

import asyncio

from chaosproof.targets.system.definition import HealthCheck

__all__ = ["http_get", "is_ready"]

_LARGEST_ANSWER_BYTES = 16 << 20


async def http_get(address: str, port: int, path: str, timeout_s: float) -> tuple[int, str]:
    """One GET on a connection of its own; returns the status and the body.

    HTTP/1.0, so that the answer ends with the connection. Raises `OSError` or `TimeoutError`.
    """
    async with asyncio.timeout(timeout_s):
        reader, writer = await asyncio.open_connection(address, port)
        try:
            writer.write(f"GET {path} HTTP/1.0\r\nHost: {address}:{port}\r\n\r\n".encode())
            answer = await _read_all(reader)
        finally:
            writer.transport.abort()
    head, _, body = answer.partition(b"\r\n\r\n")
    fields = head.split(None, 2)
    if len(fields) < 2 or not fields[1].isdigit():
        raise ConnectionError(f"{address}:{port}{path} did not answer in HTTP")
    return int(fields[1]), body.decode(errors="replace")


async def _read_all(reader: asyncio.StreamReader) -> bytes:
    chunks, size = [], 0
    while chunk := await reader.read(65536):
        chunks.append(chunk)
        size += len(chunk)
        if size > _LARGEST_ANSWER_BYTES:
            raise ConnectionError(f"the answer is larger than {_LARGEST_ANSWER_BYTES} bytes")
    return b"".join(chunks)


async def is_ready(address: str, check: HealthCheck) -> tuple[bool, str]:
    """Ask once; returns the answer and, when it is no, why."""
    # A second is what a busy instance may take; an instance that is slower gets no new connections.
    timeout_s = max(1.0, check.interval_s)
    try:
        if check.kind == "http":
            status, body = await http_get(address, check.port, check.target, timeout_s)
            if 200 <= status < 300:
                return True, ""
            return False, f"{check.target} answered {status} {body.strip()[:200]}".strip()
        async with asyncio.timeout(timeout_s):
            if check.kind == "tcp":
                _, writer = await asyncio.open_connection(address, check.port)
            else:
                _, writer = await asyncio.open_unix_connection(check.target)
        writer.transport.abort()
        return True, ""
    except TimeoutError:
        return False, f"no answer within {timeout_s:g} s"
    except OSError as error:
        return False, error.strerror or str(error)
