"""Two runs can be compared when they did the same, but for the mode: which settings that means, and who differs."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.experiment.modes import MODES
from chaosproof.json_access import number
from chaosproof.judge.check import failed, passed, unknown
from chaosproof.judge.figures.summary import acted
from chaosproof.judge.judge import Verdict
from chaosproof.runfolder.checks import Check

__all__ = ["modes_differ", "paths_that_differ", "refuse_different", "refuse_wrong_modes", "same_settings"]

# what may differ between two runs of one experiment: where it ran, never what was done
_PLAN_KEYS = ("rate_rps", "duration_s", "connections", "model", "arrivals", "timeout_s", "seed", "stages")
_FAULT_KEYS = ("kind", "instance", "planned_s", "direction")
_SELECTOR_KEYS = ("protocol", "port", "port_side")
_CODE_KEYS = ("commit", "dirty", "kernel", "hostname")
_MODES_SAID = ("the baseline run", "the resilient one")


def refuse_different(
    first: Verdict, other: Verdict, names: tuple[str, str] = _MODES_SAID, *, but_for: Iterable[str] = ()
) -> None:
    """Raises ChaosproofError that names the first difference in what the two runs did; `names` is what they are
    called, `but_for` names variables that may differ.
    """
    if difference := next(_differences(first, other, names, frozenset(but_for)), ""):
        raise ChaosproofError(
            f"{first.run.path} and {other.run.path} cannot be compared: {difference}; "
            "run both modes with the same settings"
        )


def refuse_wrong_modes(baseline: Verdict, resilient: Verdict) -> None:
    """Raises UsageError unless the runs are of the two modes, in this order."""
    for expected, verdict in zip(MODES, (baseline, resilient), strict=True):
        mode = verdict.run.session.mode
        if mode != expected:
            raise UsageError(
                f"{verdict.run.path} is a run in mode {mode or 'unknown'}, not {expected}: "
                "name the baseline run first, then the resilient one"
            )


def _differences(
    first: Verdict, other: Verdict, names: tuple[str, str], but_for: frozenset[str]
) -> Iterator[str]:
    """One sentence each. What only one of them recorded is no difference."""
    a, b = first.run, other.run
    pairs: list[tuple[str, Any, Any]] = [
        (key, getattr(a.session, key), getattr(b.session, key))
        for key in ("experiment", "experiment_sha256", "seed", "target")
    ]
    pairs += [
        (f"the load's {key}", a.load_plan.source.get(key), b.load_plan.source.get(key))
        for key in _PLAN_KEYS
        if key not in but_for
    ]
    for fault_a, fault_b in zip(acted(a)[:1], acted(b)[:1], strict=False):
        pairs += [(f"the fault's {key}", getattr(fault_a, key), getattr(fault_b, key)) for key in _FAULT_KEYS]
        pairs += [
            (f"the fault's {key}", fault_a.selector.get(key), fault_b.selector.get(key))
            for key in _SELECTOR_KEYS
        ]
    pairs += [
        (f"the variable {key}", a.variables[key], b.variables[key])
        for key in sorted((set(a.variables) & set(b.variables)) - but_for)
        if number(a.variables[key]) is not None and not key.endswith(("_port", "_at", "pid"))
    ]
    for what, of_one, of_other in pairs:
        yield from _differs(what, of_one, of_other, names)


def _differs(what: str, first: Any, other: Any, names: tuple[str, str] = _MODES_SAID) -> Iterator[str]:
    if first is not None and other is not None and first != other:
        yield f"{what} is {first} in {names[0]}, and {other} in {names[1]}"


def modes_differ(baseline: Verdict, resilient: Verdict) -> Check | None:
    """The two modes were given different settings: a resilient run that is secretly a second baseline proves
    nothing. None where neither run says what it was given.
    """
    id, evidence = "CMP_MODES_DIFFER", "session.json#values"
    a, b = (verdict.run.session.values for verdict in (baseline, resilient))
    if not a and not b:
        return None
    if not a or not b:
        silent = MODES[0] if not a else MODES[1]
        return unknown(id, f"the {silent} run does not say which values it was given", evidence)
    different = sorted(paths_that_differ(a, b))
    if not different:
        return failed(id, "both modes were given the same values, so they are one mode", evidence)
    return passed(id, f"the modes differ in {', '.join(different)}", evidence)


def paths_that_differ(a: Any, b: Any, path: str = "") -> Iterator[str]:
    """The places in nested maps at which the two are not equal, such as services.shop.replicas."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for key in {*a, *b}:
            yield from paths_that_differ(a.get(key), b.get(key), f"{path}.{key}" if path else str(key))
    elif a != b:
        yield path


def same_settings(baseline: Verdict, resilient: Verdict) -> Check:
    """Refused when they differ; here: everything that had to be equal was recorded by both."""
    id, evidence = "CMP_SAME_SETTINGS", "compare.json#baseline"
    looked_at: tuple[tuple[str, Callable[[Verdict], Any]], ...] = (
        ("experiment", lambda v: v.run.session.experiment),
        ("experiment_sha256", lambda v: v.run.session.experiment_sha256),
        ("seed", lambda v: v.run.session.seed),
        (
            "load plan",
            lambda v: v.run.load_plan.source or (None if v.run.calls("chaosproof.actions.load") else "none"),
        ),
        ("fault", lambda v: acted(v.run) or (None if _fault_is_due(v) else "none")),
    )
    absent = [
        f"the {mode} run does not say its {name}"
        for name, read in looked_at
        for mode, verdict in zip(MODES, (baseline, resilient), strict=True)
        if read(verdict) is None
    ]
    if absent:
        return unknown(id, "; ".join(absent), evidence)
    notes = [
        difference
        for key in _CODE_KEYS
        for difference in _differs(
            key, getattr(baseline.run.session, key), getattr(resilient.run.session, key)
        )
    ]
    details = "experiment, seed, load and fault are equal"
    return passed(id, "; ".join([details, *(f"note that {note}" for note in notes)]), evidence)


def _fault_is_due(verdict: Verdict) -> bool:
    hit = next((c for c in verdict.checks if c.id == "SYS_FAULT_HIT"), None)
    return hit is None or hit.status != "pass"
