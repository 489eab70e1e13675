"""The program that holds packets back in an instance, for kernels without netem: one file, the standard library only.

    ./run chaosproof doctor    tries it, in a network namespace that is thrown away; nfqueue.py says how it is sent

The kernel hands it packets by nfnetlink_queue (formats: linux/netfilter/nfnetlink_queue.h, linux/netlink.h), it answers
after the delay. It is its own watchdog (see watchdog.py): it puts the rules on that send packets here, and takes them
off at the deadline. Should it be killed, its queues go with it, and the rules let packets pass (`--queue-bypass`).

A packet goes through two queues. While one is held, the kernel counts it as not yet sent by its socket, and lets a TCP
connection have no more than two or three of those: a delay would become a bandwidth. An answer of the first queue
that makes the packet longer has the kernel copy it, and a copy belongs to no socket; so the packet comes longer by
`_TRAILER` into the second queue, is held there, and leaves at its old length.
"""

import errno
import fcntl
import gc
import heapq
import json
import os
import random
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

__all__ = ["Delay", "main", "messages", "pack"]

NETLINK_NETFILTER = 12
PACKET, VERDICT, CONFIG = 0x300, 0x301, 0x302
REQUEST, ACK = 1, 4
CFG_CMD, CFG_PARAMS, CFG_MAXLEN, CFG_MASK, CFG_FLAGS = 1, 2, 3, 4, 5
BIND, COPY_PACKET, FAIL_OPEN = 1, 2, 1
PACKET_HDR, VERDICT_HDR, PAYLOAD, CAP_LEN = 1, 2, 10, 13
NF_ACCEPT, NF_QUEUE = 1, 3

_NUMBERS = range(0xC405, 0xC505)  # from that of our queues in tc on: nobody counts up to it
_LENGTH_MAX = 0xFFFF
# more than the kernel has to spare behind any packet of an Ethernet, so that it must copy
_TRAILER = struct.Struct("=1008xdQ")  # and when it is due, and which it was
_HELD_MAX = 20_000
_WAITING_MAX = 4096
# as many as surely fit into the buffer of the second queue, whatever their length
_BATCH = 32
_BUFFER_BYTES = 1 << 20
_TURN_S = 0.001
_STRAYS_S = 0.005
# the rules end a little after the program has ended them, should it hang
_MARGIN_S = 0.05

_MESSAGE = struct.Struct("=IHHII2s")  # length, kind, flags, sequence, port; family and version
_QUEUE = struct.Struct("!H")
_ATTRIBUTE = struct.Struct("=HH")
_HEAD = _MESSAGE.size + _QUEUE.size
_WORD = struct.Struct("!I")
_ANSWER = struct.Struct("!II")  # verdict, packet


def pack(kind: int, queue: int, attributes: Sequence[tuple[int, bytes]], flags: int = REQUEST) -> bytes:
    """One message of `kind` about `queue`, with `attributes` of (type, value)."""
    parts = [b""]
    for number, value in attributes:
        parts.append(_ATTRIBUTE.pack(4 + len(value), number) + value + b"\0" * (-len(value) % 4))
    body = b"".join(parts)
    return _MESSAGE.pack(_HEAD + len(body), kind, flags, 0, 0, b"\0\0") + _QUEUE.pack(queue) + body


def messages(data: bytes) -> Iterator[tuple[int, int, dict[int, bytes]]]:
    """(kind, queue, attributes) of every message in `data`; of the kernel's own, such as errors, no attributes."""
    start = 0
    while start + _HEAD <= len(data):
        length, kind, *_ = _MESSAGE.unpack_from(data, start)
        attributes: dict[int, bytes] = {}
        at, end = start + _HEAD, start + length
        while kind > 0xFF and at < end:
            size, number = _ATTRIBUTE.unpack_from(data, at)
            attributes[number & 0x3FFF] = data[at + 4 : at + size]
            at += size + 3 & ~3
        yield kind, _QUEUE.unpack_from(data, start + _MESSAGE.size)[0], attributes
        start += max(length, _HEAD) + 3 & ~3


class _Queue:
    """One queue of the kernel, ours from now on until the socket is closed. Raises `OSError` when none is to be had."""

    def __init__(self, waiting_max: int) -> None:
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self.socket.bind((0, 0))
        for option in (socket.SO_RCVBUF, 33):  # SO_RCVBUFFORCE, where we may
            with suppress(OSError):
                self.socket.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
        self.number = next(number for number in _NUMBERS if self._bound(number))
        params = struct.pack("!IB", _LENGTH_MAX, COPY_PACKET)
        fail_open = _WORD.pack(FAIL_OPEN)
        for kind, value in ((CFG_PARAMS, params), (CFG_MAXLEN, _WORD.pack(waiting_max))):
            if error := self._configure(self.number, kind, value):
                raise OSError(error, os.strerror(error))
        if self._configure(self.number, CFG_FLAGS, fail_open, (CFG_MASK, fail_open)):
            raise OSError("this kernel knows no queue that lets pass what it cannot take")
        self.socket.setblocking(False)

    def _bound(self, number: int) -> bool:
        """Whether the queue of that number is ours now; it is not where somebody has it."""
        error = self._configure(number, CFG_CMD, struct.pack("!BxH", BIND, 0))
        # who has one, and who may have none, gets the same answer
        if error and (error not in (errno.EBUSY, errno.EPERM) or number == _NUMBERS[-1]):
            raise OSError(error, os.strerror(error))
        return not error

    def _configure(self, number: int, kind: int, value: bytes, *more: tuple[int, bytes]) -> int:
        """Have a queue configured; the error, or 0."""
        self.socket.send(pack(CONFIG, number, [(kind, value), *more], REQUEST | ACK))
        return -int(struct.unpack_from("=i", self.socket.recv(4096), 16)[0])

    def packets(self, most: int) -> Iterator[tuple[int, bytes | None]]:
        """(number, payload) of up to `most` packets; the payload is `None` where it is not whole."""
        for _ in range(most):
            try:
                data = self.socket.recv(0x11000)
            except BlockingIOError:
                return
            except OSError:
                continue  # the buffer was full: the kernel let some pass, and counted them
            for kind, _, attributes in messages(data):
                if kind == PACKET:
                    (number,) = _WORD.unpack_from(attributes[PACKET_HDR])
                    whole = None if CAP_LEN in attributes else attributes.get(PAYLOAD)
                    yield number, whole

    def answer(self, packet: int, verdict: int = NF_ACCEPT, payload: bytes | None = None) -> bytes:
        """The message that lets go a packet."""
        attributes = [(VERDICT_HDR, _ANSWER.pack(verdict, packet))]
        return pack(VERDICT, self.number, attributes + ([(PAYLOAD, payload)] if payload is not None else []))


class Delay:
    """Takes packets in, holds each for `delay_s` give or take `jitter_s` (uniform), and lets it go.

    `deadline` (monotonic seconds) is when it holds nothing any more; `None`: not known yet.
    """

    def __init__(self, delay_s: float, jitter_s: float, throw: random.Random) -> None:
        self.first, self.second = _Queue(_WAITING_MAX), _Queue(_HELD_MAX + _WAITING_MAX)
        self.deadline: float | None = None
        self._delay_s, self._jitter_s, self._throw = delay_s, jitter_s, throw
        self._held: list[tuple[float, int, int, socket.socket, bytes]] = []
        self._count = 0

    def serve(self, other: int, until: float | None = None) -> bool:
        """Pass packets on until `until` (monotonic seconds) or until `other` is readable: whether it is."""
        while True:
            now = time.monotonic()
            self._let_go(now)
            ends = [at for at in (self._held[0][0] if self._held else None, until) if at is not None]
            # one that holds as much as it may takes no more: what the kernel cannot hand over, passes
            full = len(self._held) >= _HELD_MAX
            wait_for: list[int | socket.socket] = [other, self.second.socket]
            if not full:
                wait_for.append(self.first.socket)
            ready, _, _ = select.select(wait_for, [], [], max(0.0, min(ends) - now) if ends else None)
            if self.first.socket in ready:
                self._take()
            self._keep()
            if other in ready:
                return True
            if until is not None and time.monotonic() >= until:
                return False

    def _holding(self, now: float) -> bool:
        return self.deadline is None or now < self.deadline

    def _take(self) -> None:
        """Send what has come to the second queue, with the moment at which it is due; after the end let it go."""
        now = time.monotonic()
        holding, answers = self._holding(now), []
        onward = NF_QUEUE | self.second.number << 16
        for packet, payload in self.first.packets(_BATCH):
            if not holding:
                answers.append(self.first.answer(packet))
                continue
            due = now + self._delay_s + self._throw.uniform(-self._jitter_s, self._jitter_s)
            self._count += 1
            if payload is None or len(payload) + _TRAILER.size > _LENGTH_MAX - 4:
                self._hold((due, self._count), self.first, self.first.answer(packet))
            else:
                answers.append(self.first.answer(packet, onward, payload + _TRAILER.pack(due, self._count)))
        if answers:
            self.first.socket.send(b"".join(answers))

    def _keep(self) -> None:
        """Hold what has come to the second queue, at its old length again."""
        for packet, payload in self.second.packets(_BATCH):
            if payload is None:
                self._hold((0.0, packet), self.second, self.second.answer(packet))
                continue
            turn = _TRAILER.unpack_from(payload, len(payload) - _TRAILER.size)
            self._hold(turn, self.second, self.second.answer(packet, payload=payload[: -_TRAILER.size]))

    def _hold(self, turn: tuple[float, int], queue: _Queue, answer: bytes) -> None:
        heapq.heappush(self._held, (*turn, queue.number, queue.socket, answer))

    def _let_go(self, now: float) -> None:
        """Let go what is due; after the deadline everything."""
        everything = not self._holding(now)
        answers: list[bytes] = []
        queue = self.second.socket
        while self._held and (everything or self._held[0][0] <= now):
            _, _, _, its_queue, answer = heapq.heappop(self._held)
            if answers and (its_queue is not queue or len(answers) == _BATCH):
                queue.send(b"".join(answers))
                answers = []
            queue = its_queue
            answers.append(answer)
        if answers:
            queue.send(b"".join(answers))


class _Child:
    """A command that was started, and waits for its input. Raises `OSError` where there is no such program."""

    def __init__(self, argv: list[str]) -> None:
        self._name = argv[0]
        self._output = os.memfd_create("output")
        given, self._give = os.pipe()
        actions = [
            (os.POSIX_SPAWN_DUP2, here, there)
            for here, there in ((given, 0), (self._output, 1), (self._output, 2))
        ]
        try:
            self._pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions)
        finally:
            os.close(given)
        self._ended = os.pidfd_open(self._pid)

    def give(self, text: str) -> None:
        """Give it all of its input."""
        with suppress(BrokenPipeError):
            os.write(self._give, text.encode())
        os.close(self._give)

    def end(self, delay: Delay) -> tuple[int, str]:
        """Pass packets on until it has ended: its exit code and what it said."""
        delay.serve(self._ended)
        _, status = os.waitpid(self._pid, 0)
        code = os.waitstatus_to_exitcode(status)
        output = " ".join(os.pread(self._output, 4096, 0).decode(errors="replace").split())
        return code, output or f"{self._name} ended with {code}"


def _take_off(delay: Delay, script: str) -> None:
    child = _Child(["sh", "-c", script])
    child.give("")
    child.end(delay)


def _report(line: str) -> None:
    os.write(1, f"{line}\n".encode())
    nothing = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def main() -> None:
    """Wait for `go` on stdin, put the rules on, say `on` (or `failed`, and why), hold, take the rules off.

    The last argument is a JSON object: `delay_s`, `jitter_s`, `duration_s`; `up`, pairs of a program and its input, in
    which `{queue}` is the queue to send packets to and `{until}` the last second to do so; and `down`, a shell script
    that takes the rules off.
    """
    order = json.loads(sys.argv[-1])
    gc.disable()
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    failure, delay, children = "", None, []
    try:
        delay = Delay(order["delay_s"], order["jitter_s"], random.Random())
    except OSError as error:
        failure = f"no queue for packets is to be had from this kernel: {error.strerror or error}"
    for program, _ in order["up"]:
        try:  # to start one takes longer than what it does
            children.append(_Child([program, "-w", "--noflush"]))
        except OSError:
            failure = f"{program.partition('-')[0]}: not found"
    if sys.stdin.readline() != "go\n":
        return _report("failed nobody told it to begin")
    if failure or delay is None:
        return _report(f"failed {failure}")
    wakeup, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)
    signal.signal(signal.SIGTERM, lambda *_: None)
    lock = os.open("/proc/self/ns/net", os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    last = time.gmtime(time.time() + order["duration_s"] + _MARGIN_S)
    until = time.strftime("%Y-%m-%dT%H:%M:%S", last)
    for child, (_, text) in zip(children, order["up"], strict=True):
        child.give(text.format(queue=delay.first.number, until=until))
    ends = [child.end(delay) for child in children]
    if any(code for code, _ in ends):
        _take_off(delay, order["down"])
        return _report(f"failed {' '.join(output for code, output in ends if code)}")
    delay.deadline = time.monotonic() + order["duration_s"]
    fcntl.flock(lock, fcntl.LOCK_UN)
    _report("on")
    if delay.serve(wakeup, delay.deadline):
        delay.deadline = time.monotonic()
        os.read(wakeup, 64)
    while not _locked(lock):  # never in the way of packets
        delay.serve(wakeup, time.monotonic() + _TURN_S)
    _take_off(delay, order["down"])
    delay.serve(wakeup, time.monotonic() + _STRAYS_S)  # what met the rules as they went
    return None


if __name__ == "__main__":
    main()
