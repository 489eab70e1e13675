"""Finds the built-in checks: every `BuiltinCheck` at the top level of a module of this folder."""

import importlib
import pkgutil
from functools import cache

from chaosproof.judge import checks as folder
from chaosproof.judge.check import guarded
from chaosproof.judge.checks.base import BuiltinCheck, Material
from chaosproof.runfolder.checks import Check

__all__ = ["answers", "builtin_checks", "required_ids"]


@cache
def builtin_checks() -> tuple[BuiltinCheck, ...]:
    """All of them, by position. Raises ValueError when two have one id or one position."""
    checks = sorted(
        (
            value
            for module in pkgutil.iter_modules(folder.__path__)
            for value in vars(importlib.import_module(f"{folder.__name__}.{module.name}")).values()
            if isinstance(value, BuiltinCheck)
        ),
        key=lambda check: check.position,
    )
    for what in ("id", "position"):
        values = [getattr(check, what) for check in checks]
        if twice := {value for value in values if values.count(value) > 1}:
            raise ValueError(f"two built-in checks have one {what}: {', '.join(map(str, twice))}")
    return tuple(checks)


def required_ids() -> tuple[str, ...]:
    """The ids of the checks without which no run is a pass: those that are asked of every run."""
    return tuple(check.id for check in builtin_checks() if check.applies is None)


def answers(material: Material) -> tuple[Check, ...]:
    """One Check for each of `builtin_checks` that applies, in that order. A checker that crashes gives `unknown`."""
    return tuple(
        guarded(check.id, "journal.json", lambda check=check: check.answer(material))  # type: ignore[misc]
        for check in builtin_checks()
        if check.applies is None or check.applies(material)
    )
