"""What a fault looks like to the kernel, word by word."""

import ipaddress
import subprocess
import time
from datetime import datetime

import pytest

from chaosproof.faults.backends.base import ResolvedFault
from chaosproof.faults.backends.iptables.render import last_second, rules_down, rules_out, rules_up
from chaosproof.faults.backends.nft.render import (
    add_script,
    elements,
    hold_script,
    layout,
    prepare_script,
    static_table,
)
from chaosproof.faults.backends.tc.render import (
    blackhole_up,
    devices,
    free_class,
    leaf,
    leaf_handle,
    may_use_loopback,
    shape_down,
    shape_up,
)
from chaosproof.faults.backends.watchdog import Step
from chaosproof.faults.errors import FaultRefused
from chaosproof.faults.model import Fault
from chaosproof.faults.selector import ANYONE

HOST = (ipaddress.ip_network("10.78.0.1"),)


def nft(fault: Fault, networks=ANYONE, shape_class: int = 0) -> list[str]:
    return add_script(elements(fault, "ab12", networks, shape_class=shape_class)).splitlines()


def test_a_reset_is_one_timed_element_per_family():
    assert nft(Fault(kind="reset", port=50051, duration_s=15)) == [
        "create element inet chaosproof cut_egress_tcp_4 { 0-4294967295 . 0.0.0.0/0 . 0-65535 . 50051 "
        'counter timeout 15000ms comment "ab12" : goto reset_egress }',
        "create element inet chaosproof cut_egress_tcp_6 { 0-4294967295 . ::/0 . 0-65535 . 50051 "
        'counter timeout 15000ms comment "ab12" : goto reset_egress }',
    ]


def test_a_loss_acts_on_its_share_of_the_random_numbers():
    fault = Fault(
        kind="loss",
        protocol="udp",
        port=53,
        direction="ingress",
        loss_percent=25.0,
        duration_s=0.5,
        peer="10.78.0.1",
    )
    assert nft(fault, HOST) == [
        "create element inet chaosproof cut_ingress_udp_4 { 0-1073741823 . 10.78.0.1/32 . 0-65535 . 53 "
        'counter timeout 500ms comment "ab12" : goto loss_ingress }'
    ]


@pytest.mark.parametrize(("percent", "highest"), [(100.0, 2**32 - 1), (50.0, 2**31 - 1), (1e-9, 0)])
def test_a_share_never_leaves_the_range_of_the_random_numbers(percent: float, highest: int):
    (line, _) = nft(Fault(kind="loss", port=1, loss_percent=percent, duration_s=1))
    assert f"{{ 0-{highest} . 0.0.0.0/0 . " in line


def test_a_drop_of_everything_from_a_peer_names_all_protocols_and_ports():
    fault = Fault(kind="drop", protocol="any", peer="10.78.0.1", direction="ingress", duration_s=1)
    tcp, udp, rest = nft(fault, HOST)
    assert "cut_ingress_tcp_4 { 0-4294967295 . 10.78.0.1/32 . 0-65535 . 0-65535 counter" in tcp
    assert "cut_ingress_udp_4 { 0-4294967295 . 10.78.0.1/32 . 0-65535 . 0-65535 counter" in udp
    assert "cut_ingress_rest_4 { 0-4294967295 . 10.78.0.1/32 . 0-4294967295 counter" in rest


def test_a_shaped_packet_is_sent_to_its_class_and_comes_back():
    (line,) = nft(
        Fault(kind="delay", port=80, delay_ms=10, duration_s=1, peer="10.78.0.1"), HOST, shape_class=3
    )
    assert line == (
        "create element inet chaosproof shape_egress_tcp_4 { 10.78.0.1/32 . 0-65535 . 80 "
        'counter timeout 1000ms comment "ab12" : jump shape_3 }'
    )
    assert "chain shape_3 { counter meta priority set 0xc4050003; }" in static_table()


def test_a_source_port_leaves_the_destination_port_open():
    fault = Fault(
        kind="drop", port=80, port_side="source", direction="ingress", duration_s=1, peer="10.78.0.1"
    )
    (line,) = nft(fault, HOST)
    assert "cut_ingress_tcp_4 { 0-4294967295 . 10.78.0.1/32 . 80 . 0-65535 counter" in line


def test_the_static_table_has_one_hook_per_direction_and_no_elements():
    table = static_table()
    assert table.count("type filter hook output priority 0; policy accept;") == 1
    assert table.count("type filter hook input priority 0; policy accept;") == 1
    assert "elements" not in table and "timeout;" in table


def test_preparing_replaces_our_table_only_and_names_its_make():
    lines = prepare_script().splitlines()
    assert lines[:2] == ["add table inet chaosproof", "delete table inet chaosproof"]
    assert lines[-1] == f"add chain inet chaosproof {layout()}"


def test_an_iptables_rule_is_removed_by_the_words_that_put_it_in():
    order = ResolvedFault("ab12", Fault(kind="reset", port=50051, duration_s=15, peer="10.78.0.1"), HOST)
    its = "OUTPUT -d 10.78.0.1/32 -p tcp --dport 50051 -m comment --comment chaosproof:ab12 "
    rule = f"{its}-m time --datestop $until ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset"
    at_first = f"{its}-m time --datestop $at_first --tcp-flags SYN,RST NONE -j DROP"
    (step,) = rules_up(order)
    assert step.program == "iptables-restore -v -w --noflush"
    assert f"*filter\n-I {rule}\n-I {at_first}\nCOMMIT\n# $until $at_first\n" == printed(step)
    assert rules_out(order) == [f"iptables -w -D {rule}", f"iptables -w -D {at_first}"]
    assert rules_down(order) == [
        "n=0; while [ $n -lt 50 ] && rules=$(iptables-save -t filter | grep -w -- chaosproof:ab12) && "
        "! printf '*filter\\n%s\\nCOMMIT\\n' \"$(echo \"$rules\" | sed 's/^-A/-D/')\" | "
        "iptables-restore -w --noflush; do n=$((n+1)); done"
    ]


@pytest.mark.parametrize("duration_s", [0.1, 1.0, 2.5])
def test_an_iptables_rule_matches_up_to_the_last_second_that_the_fault_touches(duration_s: float):
    until = last_second(ResolvedFault("ab12", Fault(kind="reset", port=80, duration_s=duration_s), HOST))
    called_at = time.time()
    said = subprocess.run(["sh", "-c", f"{until}; echo $until"], capture_output=True, text=True, check=True)
    answered_at = time.time()
    # the kernel matches while the second is not past
    ends_at = datetime.fromisoformat(said.stdout.strip() + "+00:00").timestamp() + 1
    assert called_at + duration_s < ends_at <= answered_at + duration_s + 1.05


def test_an_iptables_rule_for_anyone_is_there_for_both_families():
    fault = Fault(kind="loss", protocol="udp", port=53, direction="ingress", loss_percent=20.0, duration_s=1)
    steps = rules_up(ResolvedFault("ab12", fault, ANYONE))
    assert [step.program.split()[0] for step in steps] == ["iptables-restore", "ip6tables-restore"]
    rule = (
        "-I INPUT -p udp --dport 53 -m statistic --mode random --probability 0.2000000000 "
        "-m comment --comment chaosproof:ab12 -m time --datestop $until -j DROP\n"
    )
    assert all(rule in printed(step) for step in steps)


def printed(step: Step) -> str:
    """What the step gives its program, where `date` answers with the names of the variables."""
    date = "date() { echo '$until'; [ $2 != -f ] || echo '$at_first'; }"
    script = f"{date}; until='$until'; {step.input}"
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "delay", "delay_ms": 100}, "netem limit 10000 delay 100000us"),
        ({"kind": "delay", "delay_ms": 1.5, "jitter_ms": 0.5}, "netem limit 10000 delay 1500us 500us"),
        ({"kind": "duplicate", "duplicate_percent": 2.5}, "netem limit 10000 duplicate 2.5%"),
        ({"kind": "loss", "loss_percent": 20, "burst_packets": 5}, "netem limit 10000 loss gemodel 5% 20%"),
        (
            {"kind": "loss", "loss_percent": 50, "burst_packets": 1},
            "netem limit 10000 loss gemodel 100% 100%",
        ),
        ({"kind": "corrupt", "corrupt_percent": 1}, "netem limit 10000 corrupt 1%"),
        (
            {"kind": "reorder", "reorder_percent": 25, "delay_ms": 10},
            "netem limit 10000 delay 10000us reorder 25%",
        ),
        # a bucket of two packets, a queue of a quarter of a second
        ({"kind": "rate", "rate_kbit": 1000}, "tbf rate 1000000bit burst 3028b limit 34278b"),
        ({"kind": "rate", "rate_kbit": 8}, "tbf rate 8000bit burst 3028b limit 6056b"),
    ],
)
def test_a_queue_is_named_in_the_words_of_tc(fault: dict[str, object], words: str):
    assert leaf(Fault(port=80, duration_s=1, **fault)) == words


def test_the_bucket_of_a_rate_on_loopback_takes_its_longest_packet():
    assert leaf(Fault(kind="rate", port=80, duration_s=1, rate_kbit=1000), "lo") == (
        "tbf rate 1000000bit burst 65550b limit 131100b"
    )


def test_a_class_goes_up_below_our_root_and_takes_the_root_with_it_when_it_is_the_last():
    fault = Fault(kind="rate", port=80, rate_kbit=1000, duration_s=1)
    order = ResolvedFault("ab12", fault, ANYONE, ("eth0",), 2)
    step = shape_up(order, order.devices)
    assert step.program == "tc -force -batch -"
    assert printed(step).splitlines() == [
        "qdisc add dev eth0 root handle c405: htb default 0",
        "class add dev eth0 parent c405: classid c405:2 htb rate 10gbit quantum 200000",
        f"qdisc add dev eth0 parent c405:2 handle {leaf_handle(order)} {leaf(fault)}",
        "qdisc show dev eth0",
    ]
    assert shape_down(order, order.devices) == [
        f"tc qdisc show dev eth0 | grep ' parent c405:2 ' | grep -qv ' {leaf_handle(order)} ' || {{ "
        "tc class del dev eth0 classid c405:2; "
        "tc class show dev eth0 | grep -q '^class htb c405:' || tc qdisc del dev eth0 root handle c405:; }"
    ]


def test_queues_of_two_faults_never_have_one_handle():
    fault = Fault(kind="rate", port=80, rate_kbit=1000, duration_s=1)
    handles = {leaf_handle(ResolvedFault("ab12", fault, ANYONE, ("eth0",), number)) for number in range(1, 9)}
    assert len(handles) == 8 and "c405:" not in handles
    # nor one class in turn, but for one time in four thousand
    assert leaf_handle(ResolvedFault("ab12", fault, ANYONE, (), 1)) != leaf_handle(
        ResolvedFault("ab13", fault, ANYONE, (), 1)
    )


def test_the_last_resort_finds_its_packets_without_nft():
    fault = Fault(kind="drop", port=80, duration_s=1, peer="fd77::1")
    order = ResolvedFault("ab12", fault, (ipaddress.ip_network("fd77::1"),))
    lines = printed(blackhole_up(order, ["eth0"])).splitlines()
    assert lines[-3:-1] == [
        f"qdisc add dev eth0 parent c405:1 handle {leaf_handle(order)} netem loss 100%",
        "filter add dev eth0 parent c405: protocol ipv6 prio 6 u32 match ip6 protocol 6 0xff "
        "match ip6 dport 80 0xffff match ip6 dst fd77::1/128 flowid c405:1",
    ]


def test_a_root_queue_of_somebody_else_is_refused_by_name():
    loopback = '{"kind": "noqueue", "dev": "lo", "handle": "0:", "root": true}'
    ours = f'[{loopback}, {{"kind": "htb", "dev": "eth0", "handle": "c405:", "root": true}}]'
    assert devices(ours) == ("eth0",)
    with pytest.raises(FaultRefused, match=r"eth0 has a root queue of its own \(htb 1:\)"):
        devices(ours.replace("c405:", "1:"))
    assert devices(ours, loopback=True) == ("lo", "eth0")


@pytest.mark.parametrize(
    ("peer", "may"),
    [
        ("0.0.0.0/0", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("10.77.0.1", True),
        ("fd77::/64", True),
        ("10.77.0.2", False),
        ("fd77::2", False),
    ],
)
def test_what_goes_to_an_own_address_leaves_by_loopback(peer: str, may: bool):
    addresses = (
        '[{"ifname": "lo", "addr_info": []}, '
        '{"ifname": "eth0", "addr_info": [{"local": "10.77.0.1"}, {"local": "fd77::1"}, {}]}]'
    )
    assert may_use_loopback(addresses, (ipaddress.ip_network(peer),)) is may


def test_a_class_is_the_lowest_that_is_free():
    assert free_class("") == 1
    assert free_class("class htb c405:1 root leaf 8001: prio 0\nclass htb c405:3 root prio 0\n") == 2
    with pytest.raises(FaultRefused, match="8 faults shape this instance already"):
        free_class("".join(f"class htb c405:{n} root\n" for n in range(1, 9)))


@pytest.mark.parametrize(("duration_s", "hold"), [(0.1, "100ms"), (0.8, "800ms"), (15, "1000ms")])
def test_a_reset_holds_packets_at_first_and_never_longer_than_it_lasts(duration_s: float, hold: str):
    fault = Fault(kind="reset", port=80, duration_s=duration_s)
    held = f"ipv4 timeout {hold}, ipv6 timeout {hold}"
    assert hold_script(fault) == f"add element inet chaosproof hold_egress {{ {held} }}\n"
    assert hold_script(Fault(kind="reset", port=80, duration_s=duration_s, sides="client")) == ""
