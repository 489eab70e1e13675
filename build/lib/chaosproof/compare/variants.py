"""The variants of a comparison: runs that differ from one of its modes in one thing, and in nothing else.

A variant's own verdict counts for nothing, it may break as a baseline may. But it must have run as it should, and done
the same as the run that it is held against.
"""

from collections.abc import Mapping, Sequence

from chaosproof.compare.same_settings import paths_that_differ, refuse_different
from chaosproof.errors import UsageError
from chaosproof.experiment.claims import Claim
from chaosproof.experiment.experiment import read_experiment
from chaosproof.experiment.modes import MODES, Variant
from chaosproof.judge.check import failed, passed, unknown
from chaosproof.judge.judge import Verdict
from chaosproof.judge.nothing_claimed import NOTHING_CLAIMED
from chaosproof.runfolder.checks import Check

__all__ = ["named", "needed_by", "ran_amiss", "variant_checks"]

_MAY_FAIL = ("SYS_STEADY_STATE_DURING", "SYS_STEADY_STATE_AFTER")


def ran_amiss(verdict: Verdict) -> str:
    """Why a run that may break did not run as it should, by the first built-in check that says so; or empty."""
    claims = {claim.id for claim in verdict.claims}
    for check in verdict.checks:
        may_be = check.status == "pass" or (check.id in _MAY_FAIL and check.status == "fail")
        if check.id not in {*claims, NOTHING_CLAIMED} and not may_be:
            return f"{check.id} is {check.status}: {check.details}"
    return ""


def named(verdicts: Sequence[Verdict], of: Verdict) -> dict[str, Verdict]:
    """The runs by the variant whose they are. Raises UsageError for one that the experiment of `of` does not have."""
    known = [variant.name for variant in read_experiment(of.run.experiment).variants]
    by_name: dict[str, Verdict] = {}
    for verdict in verdicts:
        mode = str(verdict.run.session.mode)
        if mode not in known or mode in by_name:
            names = ", ".join(known) or "none"
            raise UsageError(
                f"{verdict.run.path} is a run in mode {mode}; the variants of this experiment are: {names}"
            )
        by_name[mode] = verdict
    return by_name


def needed_by(claim: Claim) -> set[str]:
    """The names of the variants that the claim is about."""
    return {figure.partition(".")[0] for figure in claim.figures} - {*MODES}


def variant_checks(
    pair: tuple[Verdict, Verdict], runs: Mapping[str, Verdict], variants: Sequence[Variant]
) -> tuple[Check, ...]:
    """One check for each variant that was run with the pair.

    Raises ChaosproofError when one did something else than the run that it is a variant of, but for its variables.
    """
    return tuple(
        _check(variant, pair[MODES.index(variant.of)], runs[variant.name])
        for variant in variants
        if variant.name in runs
    )


def _check(variant: Variant, of: Verdict, run: Verdict) -> Check:
    id, evidence = f"CMP_VARIANT_{variant.name.upper()}", f"compare.json#variants.{variant.name}"
    refuse_different(
        of, run, (f"the {variant.of} run", f"the run of {variant.name}"), but_for=variant.variables
    )
    if failing := ran_amiss(run):
        return unknown(id, f"{variant.name} did not run as it should: {failing}", evidence)
    a, b = (verdict.run.session.values for verdict in (of, run))
    if not a or not b:
        return unknown(
            id, f"the runs do not both say which values they were given: {variant.differs}", evidence
        )
    different = sorted(paths_that_differ(a, b))
    if not different:
        return failed(
            id, f"{variant.name} was given the same values as {variant.of}, so it is no variant", evidence
        )
    return passed(
        id, f"{variant.differs}: it differs in {', '.join(different)}, and ran as it should", evidence
    )
