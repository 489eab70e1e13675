"""What a supervisor answers over its socket: `{"op": "run", ...}` is `operations["run"](...)`, one line each way.

`chaosproof.targets.local.control_client` is the other end.
"""

import asyncio
import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import asdict
from typing import Any

from chaosproof.errors import ChaosproofError, TargetError

__all__ = ["ControlServer", "Operation"]

Operation = Callable[..., Awaitable[Any]]

_LONGEST_REQUEST_BYTES = 16 << 20


class ControlServer:
    """The operations of the lab `lab`, for its own user alone, on those `instances` that it knows.

    What the operation `begin` has answered is given up by `give_up` once whoever asked is gone, or `stopping` is set.
    """

    def __init__(
        self,
        lab: str,
        operations: Mapping[str, Operation],
        instances: Collection[str],
        *,
        give_up: Callable[[int], None],
        stopping: asyncio.Event,
    ) -> None:
        self._lab = lab
        self._operations = operations
        self._instances = instances
        self._give_up = give_up
        self._stopping = stopping

    async def listen(self, control: socket.socket) -> asyncio.Server:
        """Serve at the socket from now on; close what is returned to end it."""
        return await asyncio.start_unix_server(self._serve, sock=control, limit=_LONGEST_REQUEST_BYTES)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answer = await self._answer(reader, writer)
            writer.write(json.dumps(answer, default=asdict).encode())
            await writer.drain()
            if "held" in answer:
                writer.write_eof()
                await self._wait_until_gone(reader)
                self._give_up(answer["held"])
        except ConnectionError:
            pass  # Whoever asked has gone.
        finally:
            writer.close()

    async def _wait_until_gone(self, reader: asyncio.StreamReader) -> None:
        """Return when whoever asked has closed its end, or the lab goes down."""
        ends = [asyncio.ensure_future(reader.read()), asyncio.ensure_future(self._stopping.wait())]
        _, left = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in left:
            end.cancel()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> dict[str, Any]:
        credentials = writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        if int.from_bytes(credentials[4:8], sys.byteorder) != os.getuid():
            return {"error": f"Lab {self._lab} belongs to another user."}
        try:
            request = json.loads(await reader.readline())
            name = request.pop("op")
            operation = self._operations[name]
            if "instance" in request and request["instance"] not in self._instances:
                known = ", ".join(self._instances)
                raise TargetError(f"There is no instance {request['instance']!r}; there are: {known}.")
            result = await operation(**request)
            # what was begun for somebody waits no longer than that lives
            return {"result": result, **({"held": result} if name == "begin" else {})}
        except ChaosproofError as error:
            return {"error": str(error)}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return {"error": f"Lab {self._lab} did not understand what it was asked: {error!r}."}
