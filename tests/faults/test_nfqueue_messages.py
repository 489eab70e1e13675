"""The messages to and from the kernel's packet queues, the rules, and what a listing says of a queue."""

import ipaddress
import json

from hypothesis import given
from hypothesis import strategies as st

from chaosproof.faults.backends.base import ResolvedFault
from chaosproof.faults.backends.nfqueue.backend import Nfqueue, program_argv, read_look, rules_up
from chaosproof.faults.backends.nfqueue.holder import CONFIG, PACKET, VERDICT, messages, pack
from chaosproof.faults.backends.watchdog import NAME
from chaosproof.faults.model import Fault
from chaosproof.faults.selector import ANYONE
from chaosproof.targets.base import CommandResult

KINDS = st.sampled_from([PACKET, VERDICT, CONFIG])
QUEUES = st.integers(0, 0xFFFF)
ATTRIBUTES = st.dictionaries(st.integers(1, 0x3FFF), st.binary(max_size=2000), max_size=8)
DELAY = Fault(kind="delay", port=80, duration_s=2, delay_ms=100, jitter_ms=10)

# as Linux 6.18 and iptables 1.8.9 print them
LISTING = """\
*mangle
:OUTPUT ACCEPT [0:0]
[7:400] -A OUTPUT -p tcp -m tcp --dport 80 -m comment --comment "chaosproof:ab12" -m time \
--datestop 2026-11-22T03:36:51 -j NFQUEUE --queue-num 50181 --queue-bypass
[9:400] -A OUTPUT -p tcp -m tcp --dport 81 -m comment --comment x -j NFQUEUE --queue-num 50183 --queue-bypass
COMMIT
"""
QUEUES_LISTED = """\
50181     73     0 2 65531     0     0       11  1
50182 2838236447     0 2 65531     0     0       11  1
50183     74     0 2 65531     0     0      500  1
sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode
00000000b845fe8b 12  73         00000000 0        0        0     2        3        8736048
00000000c608e022 12  74         00000000 0        0        0     2        9        8735247
00000000c608e023 15  73         00000000 0        0        0     2        5        8735248
"""


@given(st.lists(st.tuples(KINDS, QUEUES, ATTRIBUTES), max_size=5))
def test_what_is_packed_is_read_again_however_many_messages_there_are(sent):
    data = b"".join(pack(kind, queue, list(found.items())) for kind, queue, found in sent)
    assert list(messages(data)) == sent


@given(KINDS, QUEUES, ATTRIBUTES)
def test_a_message_is_as_long_as_it_says_and_ends_where_the_next_may_begin(kind, queue, found):
    data = pack(kind, queue, list(found.items()))
    assert int.from_bytes(data[:4], "little") == len(data)
    assert len(data) % 4 == 0


def test_a_verdict_is_laid_out_as_the_kernel_wants_it():
    """linux/netlink.h, linux/netfilter/nfnetlink.h and nfnetlink_queue.h, on a little-endian machine."""
    assert pack(VERDICT, 0xC405, [(2, bytes.fromhex("0000000100000007"))]).hex(" ") == (
        "20 00 00 00 01 03 01 00 00 00 00 00 00 00 00 00 "  # 32 bytes, queue's verdict, a request
        "00 00 c4 05 "  # any family, version 0, the queue in network order
        "0c 00 02 00 00 00 00 01 00 00 00 07"  # 12 bytes of NFQA_VERDICT_HDR: accept packet 7
    )


def test_an_error_of_the_kernel_is_read_as_a_message_without_attributes():
    error = (36).to_bytes(4, "little") + (2).to_bytes(2, "little") + bytes(30)
    assert list(messages(error + pack(PACKET, 5, [(1, b"abcdefg")]))) == [
        (2, 0, {}),
        (PACKET, 5, {1: b"abcdefg"}),
    ]


def test_a_listing_says_how_many_packets_were_held_and_how_many_passed():
    assert read_look(LISTING + QUEUES_LISTED, "ab12") == (11 - 3, 3, True)


def test_without_its_program_only_the_rules_have_counted():
    assert read_look(LISTING, "ab12") == (7, 0, False)


def test_every_family_has_one_transaction_that_lets_packets_pass_when_nobody_takes_them():
    order = ResolvedFault("ab12", DELAY, ANYONE)
    four, six = rules_up(order)
    for transaction, program in ((four, "iptables"), (six, "ip6tables")):
        assert transaction.program == f"{program}-restore"
        assert "--queue-bypass" in transaction.text
        assert "--dport 80" in transaction.text and "chaosproof:ab12" in transaction.text


def test_all_networks_of_a_family_go_into_its_one_transaction():
    networks = tuple(map(ipaddress.ip_network, ("10.0.0.1/32", "10.0.0.3/32")))
    (four,) = rules_up(ResolvedFault("ab12", DELAY, networks))
    assert four.text.count("-I OUTPUT") == 2
    assert "-d 10.0.0.1/32" in four.text and "-d 10.0.0.3/32" in four.text


def test_the_program_is_told_its_order_and_known_as_a_watchdog():
    order = ResolvedFault("ab12", DELAY, ANYONE)
    argv = program_argv(order)
    assert NAME in argv and "ab12" in argv
    told = json.loads(argv[-1])
    assert (told["delay_s"], told["jitter_s"], told["duration_s"]) == (0.1, 0.01, 2)


def test_a_receipt_says_what_becomes_of_packets_when_the_program_dies():
    said = Nfqueue().fidelity(ResolvedFault("ab12", DELAY, ANYONE))
    assert "userspace queue" in said and "lost" in said
    assert not said.startswith("kernel")


def test_a_fault_that_was_gone_before_anybody_looked_has_no_packets_and_no_words():
    def run(argv, *, stdin="", timeout_s=10.0):
        return CommandResult(
            tuple(argv), 0, "12.5\n====\n12.4\n====\nitself\n====\n\n====\n\n====\n*mangle", "", 0.1
        )

    end = Nfqueue().watch(run, ResolvedFault("ab12", DELAY, ANYONE), 0.0)
    assert (end.packets, end.note, end.at) == (0, "", 12.5)
