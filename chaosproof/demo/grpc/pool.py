"""A pool of gRPC channels to one address, each with a connection of its own."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Coroutine, Sequence

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chaosproof.demo.grpc.demo_pb2 import DESCRIPTOR, WorkReply, WorkRequest
from chaosproof.demo.grpc.demo_pb2_grpc import DemoServiceStub
from chaosproof.demo.grpc.log import Log

__all__ = ["Channel", "Pool", "channel_options"]

_SERVICE = DESCRIPTOR.services_by_name["DemoService"].full_name
# Where a name has several addresses, as that of a Compose service with copies: sorted as they are, each channel of each
# caller would take the same first one. Behind a virtual address it changes nothing.
_SERVICE_CONFIG = json.dumps({"loadBalancingConfig": [{"pick_first": {"shuffleAddressList": True}}]})
_READY = grpc.ChannelConnectivity.READY


def channel_options(
    *,
    resilient: bool,
    keepalive_time_ms: int,
    keepalive_timeout_ms: int,
    reconnect_backoff_ms: int,
    reconnect_backoff_max_ms: int,
) -> list[tuple[str, int | str]]:
    """gRPC channel arguments. A naive client has backoffs of 1 s to 120 s and no keepalive.

    Both modes have the local subchannel pool: without it all channels of a process to one address share one
    connection, and a pool of four is a pool of one.
    """
    options: list[tuple[str, int | str]] = [
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.enable_http_proxy", 0),
        ("grpc.service_config", _SERVICE_CONFIG),
    ]
    if resilient:
        options += [
            ("grpc.keepalive_time_ms", keepalive_time_ms),
            ("grpc.keepalive_timeout_ms", keepalive_timeout_ms),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_pings_without_data", 0),
            ("grpc.initial_reconnect_backoff_ms", reconnect_backoff_ms),
            ("grpc.max_reconnect_backoff_ms", reconnect_backoff_max_ms),
            # Despite its name the time that one attempt to connect may take, 20 s by default.
            ("grpc.min_reconnect_backoff_ms", reconnect_backoff_max_ms),
        ]
    return options


class Channel:
    """One channel, its two stubs, and how many calls are under way on it."""

    def __init__(self, address: str, options: Sequence[tuple[str, int | str]]) -> None:
        self._channel = grpc.aio.insecure_channel(address, options=list(options))
        self._work = DemoServiceStub(self._channel).Work
        self._check = health_pb2_grpc.HealthStub(self._channel).Check
        self.inflight = 0
        self.served_by = ""
        """The instance of app-b that answered last; empty before the first answer, or if it does not say."""

    @property
    def state(self) -> grpc.ChannelConnectivity:
        return self._channel.get_state()

    async def work(self, id: str, timeout_s: float | None) -> WorkReply:
        """One attempt, failing fast when not connected; raises `grpc.aio.AioRpcError`."""
        self.inflight += 1
        try:
            reply: WorkReply = await self._work(WorkRequest(id=id), timeout=timeout_s)
            return reply
        finally:
            self.inflight -= 1

    async def answers(self, timeout_s: float) -> bool:
        """Whether app-b says over this channel, within `timeout_s`, that it is serving."""
        call = self._check(health_pb2.HealthCheckRequest(service=_SERVICE), timeout=timeout_s)
        try:
            reply = await call
            self.served_by = (await call.trailing_metadata()).get("x-instance", "")
        except grpc.aio.AioRpcError:
            return False
        return bool(reply.status == health_pb2.HealthCheckResponse.SERVING)

    async def watch(self, on_change: Callable[[grpc.ChannelConnectivity], None]) -> None:
        """Tell every change of state until the channel is closed; the first call on it connects it."""
        state = self._channel.get_state()
        with contextlib.suppress(grpc.aio.UsageError):  # raised once it is closed
            while state is not grpc.ChannelConnectivity.SHUTDOWN:
                await self._channel.wait_for_state_change(state)
                state = self._channel.get_state()
                on_change(state)

    async def close(self, grace_s: float | None = None) -> None:
        """Take no more calls, and end the channel when those under way have, or `grace_s` later."""
        await self._channel.close(grace_s)


class Pool:
    """So many channels. A call goes to a connected one, of these to the least busy, of these in turn."""

    def __init__(self, dial: Callable[[], Channel], size: int, log: Log) -> None:
        self._dial = dial
        self._log = log
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = 0
        self._channels: list[Channel] = []
        self.on_lost: Callable[[], None] = lambda: None
        """Called when a connected channel is no longer connected."""
        self._install([dial() for _ in range(size)])

    def __len__(self) -> int:
        return len(self._channels)

    @property
    def served_by(self) -> list[str]:
        """Which instance of app-b each channel led to when it was last asked."""
        return [channel.served_by for channel in self._channels]

    def pick(self) -> Channel:
        """The channel for the next attempt; when none is connected, any: the attempt then fails fast."""
        self._turn = (self._turn + 1) % len(self._channels)
        in_turn = self._channels[self._turn :] + self._channels[: self._turn]
        return min(in_turn, key=lambda channel: (channel.state is not _READY, channel.inflight))

    async def answers(self, timeout_s: float) -> bool:
        """Whether app-b answers over at least one of the channels, as soon as that is known."""
        checks = [asyncio.ensure_future(channel.answers(timeout_s)) for channel in self._channels]
        try:
            for check in asyncio.as_completed(checks):
                if await check:
                    return True
            return False
        finally:
            for check in checks:
                check.cancel()

    async def redial(self, timeout_s: float, grace_s: float) -> bool:
        """Replace all channels by new ones if app-b answers over a new connection within `timeout_s`.

        A broken channel waits out its backoff before it tries again; a new one tries at once. The old ones
        are closed behind their last call, at most `grace_s` later.
        """
        first = self._dial()
        if not await first.answers(timeout_s):
            await first.close()
            return False
        new = [first, *(self._dial() for _ in self._channels[1:])]
        await asyncio.gather(*(channel.answers(timeout_s) for channel in new[1:]))
        # Behind a virtual address chance decides: a pool that has all landed on one app-b is a pool of one.
        for _ in range(len(new)):
            if len(new) == 1 or len({channel.served_by for channel in new}) > 1:
                break
            again = self._dial()
            await again.answers(timeout_s)
            await new[-1].close()
            new[-1] = again
        old = self._channels
        self._install(new)
        for channel in old:
            self._keep(channel.close(grace_s))
        return True

    async def close(self) -> None:
        """Close all channels; calls under way are cancelled."""
        channels, self._channels = self._channels, []
        await asyncio.gather(*(channel.close() for channel in channels))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _install(self, channels: list[Channel]) -> None:
        self._channels = channels
        for slot, channel in enumerate(channels):
            self._keep(self._watch(slot, channel))

    async def _watch(self, slot: int, channel: Channel) -> None:
        was_ready = channel.state is _READY

        def changed(state: grpc.ChannelConnectivity) -> None:
            nonlocal was_ready
            ready = state is _READY
            # While it is down it alternates between connecting and failing: one line is enough.
            if ready != was_ready and channel in self._channels:
                was_ready = ready
                self._log("channel", slot=slot, state=state.name.lower())
                if not ready:
                    self.on_lost()

        await channel.watch(changed)

    def _keep(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
