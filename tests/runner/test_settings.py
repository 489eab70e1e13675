import math

import pytest

from chaosproof.errors import UsageError
from chaosproof.runner.session import limits_of
from chaosproof.runner.settings import read_settings

GOOD = {
    "mode": "resilient",
    "target": "local",
    "system": "chaosproof/demo/grpc/system.yaml",
    "warmup_s": 10,
    "duration_s": 60,
    "rate_rps": 200,
    "connections": 50,
    "fault_at_s": 15,
    "fault_s": 15,
    "fault_port": 50051,
    "seed": 7,
}


def test_text_from_the_command_line_becomes_numbers():
    variables = read_settings({**GOOD, "duration_s": "40", "connections": "8"}, ("local",)).variables
    assert (variables["duration_s"], variables["connections"]) == (40.0, 8)


MISTAKES = [
    ("duration_s", "-1", "duration_s must be more than zero, not '-1'"),
    ("duration_s", 0, "duration_s must be more than zero, not 0"),
    ("duration_s", math.nan, "duration_s must be a finite number, not nan"),
    ("duration_s", "inf", "duration_s must be a finite number, not 'inf'"),
    ("duration_s", 301, "duration_s is 301 s, above the ceiling of 300 s"),
    ("duration_s", "a minute", "duration_s must be a number, not 'a minute'"),
    ("duration_s", True, "duration_s must be a number, not True"),
    ("fault_s", "1e9", "fault_s is 1e+09 s, above the ceiling of 300 s"),
    ("fault_s", -15, "fault_s must be more than zero"),
    ("fault_port", 0, "fault_port must be a whole number from 1 to 65535, not 0"),
    ("fault_port", 65536, "fault_port must be a whole number from 1 to 65535"),
    ("fault_port", "50051.5", "fault_port must be a whole number"),
    ("rate_rps", 0, "rate_rps must be more than zero"),
    ("rate_rps", "nan", "rate_rps must be a finite number"),
    ("connections", 0, "connections must be a whole number from 1"),
    ("tolerated_error_ratio", 5, "tolerated_error_ratio must be between 0 and 1, not 5"),
    ("seed", -1, "seed must be a whole number from 0"),
    (
        "backend",
        "magic",
        "backend must be one of nft, iptables, tc, nfqueue, or empty for the best, not 'magic'",
    ),
    ("target", "mars", "Unknown target 'mars'; known targets: local"),
    ("mode", "", "must say 'mode'"),
    ("ceiling_s", 1e9, "ceiling_s is 1e+09 s, above the ceiling of 86400 s"),
    ("fault_s", 45, "could be seen; make the load longer"),
]


@pytest.mark.parametrize(("name", "value", "sentence"), MISTAKES)
def test_what_makes_no_sense_is_refused_in_one_sentence(name, value, sentence):
    with pytest.raises(UsageError) as caught:
        read_settings({**GOOD, name: value}, ("local",))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_ceiling_can_be_raised_on_purpose():
    variables = read_settings({**GOOD, "duration_s": 400, "ceiling_s": "500"}, ("local",)).variables
    assert variables["duration_s"] == 400


@pytest.mark.parametrize("given", [5432, "5432", "5432, 6379", [5432, "6379"], ""])
def test_protected_ports_are_a_number_or_text_or_a_list(given):
    """In each case the ports that were always protected still are."""
    variables = read_settings({**GOOD, "protected_ports": given}, ("local",)).variables
    ports = limits_of(variables).protected_ports
    assert (5432 in ports, 6379 in ports) == ("5432" in str(given), "6379" in str(given)) and 22 in ports


@pytest.mark.parametrize("given", ["https", 0, True, {"a": 1}])
def test_what_is_no_port_is_refused(given):
    with pytest.raises(UsageError, match="protected_ports must be"):
        read_settings({**GOOD, "protected_ports": given}, ("local",))


@pytest.mark.parametrize("given", ["a.yaml,b.yaml", ["a.yaml", "b.yaml"]])
def test_compose_files_stand_for_a_system_on_containers(given):
    """The name of a project alone does not say what its services are."""
    without = {name: value for name, value in GOOD.items() if name != "system"} | {"target": "containers"}
    settings = read_settings({**without, "compose": given}, ("local", "containers"))
    assert (settings.system, settings.variables["compose"]) == ("", ["a.yaml", "b.yaml"])
    with pytest.raises(UsageError, match="must say 'system', or on containers 'compose'"):
        read_settings({**without, "project": "shop"}, ("local", "containers"))


@pytest.mark.parametrize("name", ["compose", "project"])
def test_what_only_containers_have_is_refused_elsewhere(name):
    with pytest.raises(UsageError, match=f"{name} is for the target containers, and this run is on local"):
        read_settings({**GOOD, name: "shop"}, ("local", "containers"))
