"""A gateway that says ok to everything, well formed or not: one that r2 must not let pass.

python -m tests.router.wrong_gateway SOCKET
"""

import asyncio
import json
import sys

from chaosproof.demo.router.frames import HEADER_BYTES, PING, PONG, RESPONSE_OK, encode

__all__ = ["main"]


async def _client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readexactly(HEADER_BYTES)
            length, kind = int.from_bytes(head[:4], "big"), head[5]
            if not HEADER_BYTES <= length <= 8 << 20:
                return
            payload = await reader.readexactly(length - HEADER_BYTES)
            if kind == PING:
                writer.write(encode(PONG, payload))
                continue
            try:
                request_id = json.loads(payload)["request_id"]
            except (ValueError, KeyError, TypeError, RecursionError):
                request_id = ""
            writer.write(
                encode(RESPONSE_OK, json.dumps({"ok": True, "context": {"request_id": request_id}}).encode())
            )
    except (asyncio.IncompleteReadError, OSError):
        pass
    finally:
        writer.close()


async def main(path: str) -> None:
    """Serve for ever."""
    async with await asyncio.start_unix_server(_client, path) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
