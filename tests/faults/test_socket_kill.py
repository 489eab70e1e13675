"""Open connections are ended, and where the kernel refuses it, that is said: `ss -K` itself ends with 0 all the
same."""

from collections.abc import Sequence
from functools import partial

import pytest

from chaosproof.faults.backends.base import CommandRunner, ResolvedFault
from chaosproof.faults.backends.socket_kill import kill_argv, killed, rest_of_filter, waiting_kill_argv
from chaosproof.faults.model import Fault
from chaosproof.targets.base import CommandResult

from .conftest import Client
from .netns_target import PORT, NetnsTarget

ORDER = ResolvedFault("ab12", Fault(kind="reset", port=PORT, duration_s=1), ())
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
    assert note.startswith("0 connections were ended by ss -K; 1 were left alone: ")
    assert "Operation not permitted" in note
    assert client.ask("after").startswith("ok")
    assert end(partial(room.run, "client-0")) == "1 connections were ended by ss -K"
    assert end(partial(room.run, "client-0")) == "0 connections were ended by ss -K"


@pytest.mark.lab
def test_one_that_waits_ends_what_it_is_told_to_and_without_a_word_nothing(
    room: NetnsTarget, client: Client
) -> None:
    """Who began it may be gone by then: its input ends, and no connection does."""
    assert client.ask("before").startswith("ok")
    without = room.run("client-0", waiting_kill_argv(ORDER))
    assert without.exit_code != 0 and client.ask("still").startswith("ok")
    done = room.run("client-0", waiting_kill_argv(ORDER), stdin=rest_of_filter(ORDER))
    assert killed(partial(room.run, "client-0"), ORDER, done).note == "1 connections were ended by ss -K"
    assert client.ask("echo 1") in ("ECONNABORTED", "ECONNRESET")


def test_a_kernel_that_ends_no_sockets_says_nothing_so_what_is_left_is_counted() -> None:
    """It lists none, complains of nothing and ends with 0; `ss` takes EOPNOTSUPP for a socket that is gone."""

    def run(argv: Sequence[str], *, stdin: str = "", timeout_s: float = 10.0) -> CommandResult:
        return CommandResult(tuple(argv), 0, "" if "-HKtn" in argv else LISTED, "", 0.0)

    assert end(run) == (
        "0 connections were ended by ss -K; 1 were left alone: this kernel ends no sockets "
        "(CONFIG_INET_DIAG_DESTROY)"
    )
