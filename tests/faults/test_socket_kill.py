"""Open connections are ended, and where the kernel refuses it, that is said: `ss -K` itself ends with 0 all the
same."""

import ipaddress
import struct
from collections.abc import Sequence
from functools import partial

import pytest

from chaosproof.faults.backends.base import CommandRunner, ResolvedFault
from chaosproof.faults.backends.connection_killer import destroy_messages
from chaosproof.faults.backends.socket_kill import WORD, kill_argv, killed, waiting_kill_argv
from chaosproof.faults.model import Fault
from chaosproof.faults.selector import ANYONE
from chaosproof.targets.base import CommandResult

from .conftest import Client
from .netns_target import PORT, NetnsTarget

ORDER = ResolvedFault("ab12", Fault(kind="reset", port=PORT, duration_s=1), ANYONE)
LISTED = "0 0 10.0.0.1:4 10.0.0.2:80\n"
UNPRIVILEGED = ("setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin", "--")


def refused(
    room: NetnsTarget, argv: Sequence[str], *, stdin: str = "", timeout_s: float = 10.0
) -> CommandResult:
    return room.run("client-0", [*UNPRIVILEGED, *argv], stdin=stdin, timeout_s=timeout_s)


def end(run: CommandRunner) -> str:
    return killed(run, ORDER, run(kill_argv(ORDER))).note


@pytest.mark.lab
def test_what_the_kernel_refuses_to_end_is_left_alone_and_counted(room: NetnsTarget, client: Client) -> None:
    assert client.ask("before").startswith("ok")
    note = end(partial(refused, room))
    assert note.startswith("0 connections were ended; 1 were left alone: ")
    assert "Operation not permitted" in note
    assert client.ask("after").startswith("ok")
    assert end(partial(room.run, "client-0")) == "1 connections were ended"
    assert end(partial(room.run, "client-0")) == "0 connections were ended"


@pytest.mark.lab
def test_one_that_waits_ends_what_it_is_told_to_and_without_a_word_nothing(
    room: NetnsTarget, client: Client
) -> None:
    """Who began it may be gone by then: its input ends, and no connection does."""
    assert client.ask("before").startswith("ok")
    without = room.run("client-0", waiting_kill_argv(ORDER))
    assert (without.exit_code, without.stdout) == (0, "") and client.ask("still").startswith("ok")
    done = room.run("client-0", waiting_kill_argv(ORDER), stdin=WORD)
    assert killed(partial(room.run, "client-0"), ORDER, done).note == "1 connections were ended"
    assert client.ask("echo 1") in ("ECONNABORTED", "ECONNRESET")


def test_a_kernel_that_ends_no_sockets_says_nothing_so_what_is_left_is_counted() -> None:
    """It lists none, complains of nothing and ends with 0; `ss` takes EOPNOTSUPP for a socket that is gone."""

    def run(argv: Sequence[str], *, stdin: str = "", timeout_s: float = 10.0) -> CommandResult:
        return CommandResult(tuple(argv), 0, "" if "-HKtn" in argv else LISTED, "", 0.0)

    assert end(run) == (
        "0 connections were ended; 1 were left alone: this kernel ends no sockets (CONFIG_INET_DIAG_DESTROY)"
    )


def test_of_a_dump_only_the_fault_s_own_are_ended() -> None:
    """By the port on its side, and by the network of the other end; an IPv4 peer of an IPv6 socket is one of IPv4."""

    def entry(family: int, own: int, other: int, peer: str) -> bytes:
        address = ipaddress.ip_address(peer).packed.ljust(16, b"\0")
        named = own.to_bytes(2, "big") + other.to_bytes(2, "big") + bytes(16) + address + b"cookie-of-12"
        body = bytes([family, 1, 0, 0]) + named + bytes(20)
        return struct.pack("=IHHII", 16 + len(body), 20, 0, 0, 0) + body

    dump = b"".join(
        [
            entry(2, 40001, 80, "10.0.0.3"),
            entry(2, 40002, 90, "10.0.0.3"),
            entry(2, 40003, 80, "10.0.1.3"),
            entry(10, 40004, 80, "::ffff:10.0.0.4"),
            entry(10, 40005, 80, "fd77::3"),
        ]
    )
    mask = 0xFFFFFF00
    of_network = [(4, 0x0A000000, mask)]

    def ports(own: bool, port: int | None, networks: list[tuple[int, int, int]]) -> list[int]:
        messages = list(destroy_messages(dump, own, port, networks))
        assert all(struct.unpack_from("=IH", message) == (72, 21) for message in messages)
        return [int.from_bytes(message[24:26], "big") for message in messages]

    assert ports(False, 80, of_network) == [40001, 40004]
    assert ports(False, None, of_network) == [40001, 40002, 40004]
    assert ports(False, 80, [(4, 0, 0), (6, 0, 0)]) == [40001, 40003, 40004, 40005]
    assert ports(True, 40002, of_network) == [40002]
