"""An experiment's variables, checked once before anything is touched.

`--var` brings strings and an environment variable too, so every number is converted here, and what it may be
follows from its name: the unit that it ends with.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaosproof.errors import UsageError
from chaosproof.faults.backends import BACKENDS
from chaosproof.targets.containers.compose.project_files import compose_names

__all__ = ["DEFAULT_CEILING_S", "Settings", "count", "flag", "port", "ports", "read_settings", "seconds"]

DEFAULT_CEILING_S = 300.0
_CONTAINERS = "containers"
_MAY_BE_ZERO = frozenset({"fault_at_s", "warmup_s"})


@dataclass(frozen=True)
class Settings:
    """What every experiment has; `variables` are all of them, with numbers as numbers."""

    mode: str
    target: str
    system: str
    variables: Mapping[str, Any]


def number(name: str, value: Any) -> float:
    """`value` as a finite number; `UsageError` otherwise."""
    try:
        if isinstance(value, bool):
            raise ValueError
        result = float(value)
    except (TypeError, ValueError):
        raise UsageError(f"{name} must be a number, not {value!r}.") from None
    if not math.isfinite(result):
        raise UsageError(f"{name} must be a finite number, not {value!r}.")
    return result


def seconds(
    name: str, value: Any, *, ceiling_s: float = DEFAULT_CEILING_S, may_be_zero: bool = False
) -> float:
    """`value` as a duration in seconds, above zero (or from zero on) and up to `ceiling_s`."""
    result = number(name, value)
    if result < 0 or (result == 0 and not may_be_zero):
        raise UsageError(
            f"{name} must be {'zero or more' if may_be_zero else 'more than zero'}, not {value!r}."
        )
    if result > ceiling_s:
        raise UsageError(
            f"{name} is {result:g} s, above the ceiling of {ceiling_s:g} s "
            "(raise it with --var ceiling_s=...)."
        )
    return result


def flag(name: str, value: Any) -> bool:
    """`value` as yes or no: a boolean, or the words true and false."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise UsageError(f"{name} must be true or false, not {value!r}.")


def count(name: str, value: Any, *, least: int = 1, most: int = 100_000) -> int:
    """`value` as a whole number between `least` and `most`."""
    result = number(name, value)
    if result != int(result) or not least <= result <= most:
        raise UsageError(f"{name} must be a whole number from {least} to {most}, not {value!r}.")
    return int(result)


def port(name: str, value: Any) -> int:
    """`value` as a TCP or UDP port."""
    return count(name, value, least=1, most=65535)


def ports(name: str, value: Any) -> frozenset[int]:
    """`value` as ports: a number, a list of them, or text with commas or blanks between them."""
    if isinstance(value, str):
        value = value.replace(",", " ").split()
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = [value]
    if not isinstance(value, list | tuple):
        raise UsageError(f"{name} must be a port, a list of ports, or text such as 5432,6379, not {value!r}.")
    return frozenset(port(name, item) for item in value)


def read_settings(configuration: Mapping[str, Any], known_targets: tuple[str, ...]) -> Settings:
    """Check an experiment's configuration as resolved by Chaos Toolkit; `UsageError` names what is wrong."""
    # Its own ceiling would be the way around the ceiling, so this one is fixed: a day.
    ceiling_s = seconds("ceiling_s", configuration.get("ceiling_s", DEFAULT_CEILING_S), ceiling_s=86_400.0)
    variables = {name: _variable(name, value, ceiling_s) for name, value in configuration.items()}
    target = str(variables.get("target", "local"))
    if target not in known_targets:
        raise UsageError(f"Unknown target {target!r}; known targets: {', '.join(known_targets)}.")
    if not isinstance(variables.get("mode"), str) or not variables["mode"]:
        raise UsageError("The experiment's configuration must say 'mode'.")
    _refuse_compose_elsewhere(target, variables)
    system_named = isinstance(variables.get("system"), str) and variables["system"]
    if not system_named and not variables.get("service") and not variables.get("compose"):
        raise UsageError("The experiment's configuration must say 'system', or on containers 'compose'.")
    _fault_within_load(variables)
    system = str(variables.get("system") or "")
    return Settings(mode=variables["mode"], target=target, system=system, variables=variables)


def _refuse_compose_elsewhere(target: str, variables: Mapping[str, Any]) -> None:
    """What only containers have; a lab and a cluster would run something else than the files that were named."""
    for name in ("compose", "project"):
        if target != _CONTAINERS and variables.get(name):
            raise UsageError(
                f"{name} is for the target {_CONTAINERS}, and this run is on {target}: say --target {_CONTAINERS}, or "
                f'have it on that target only: "on": {{"{_CONTAINERS}": {{"{name}": ...}}}} in the extension.'
            )


def _variable(name: str, value: Any, ceiling_s: float) -> Any:
    if name == "ceiling_s":
        return number(name, value)
    if name.endswith("_s"):
        return seconds(name, value, ceiling_s=ceiling_s, may_be_zero=name in _MAY_BE_ZERO)
    if name.endswith("_rps"):
        rate = number(name, value)
        if not 0 < rate <= 1_000_000:
            raise UsageError(f"{name} must be more than zero and at most 1,000,000, not {value!r}.")
        return rate
    if name.endswith("_ratio"):
        ratio = number(name, value)
        if not 0 <= ratio <= 1:
            raise UsageError(f"{name} must be between 0 and 1, not {value!r}.")
        return ratio
    if name.endswith("_port"):
        return port(name, value)
    if name in ("connections", "clients"):
        return count(name, value)
    if name == "backend" and value not in ("", *BACKENDS):
        raise UsageError(
            f"backend must be one of {', '.join(BACKENDS)}, or empty for the best, not {value!r}."
        )
    if name == "protected_ports":
        return sorted(ports(name, value))
    if name == "compose" and value:
        return list(compose_names(value))
    if name == "seed":
        return count(name, value, least=0, most=2**31 - 1)
    return value


def _fault_within_load(variables: Mapping[str, Any]) -> None:
    """A fault that ends after the load has ended cannot show a recovery."""
    if not {"fault_at_s", "fault_s", "duration_s"} <= variables.keys():
        return
    ends_at_s = variables["fault_at_s"] + variables["fault_s"]
    if ends_at_s >= variables["duration_s"]:
        raise UsageError(
            f"The fault would end {ends_at_s:g} s into a load of {variables['duration_s']:g} s "
            "(fault_at_s + fault_s >= duration_s), so no recovery could be seen; make the load longer."
        )
