"""What a gate file binds a claim to, its figure and its bound: a claim that was emptied under its old id is missed.

A bound is written as the claim is: `load.error_ratio at_most 0.05`. A variable in it may be written by its name, and
then the run may choose its value, or as the value that it must have.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from chaosproof.experiment.claims import Claim
from chaosproof.experiment.experiment import read_experiment
from chaosproof.experiment.variables import resolve
from chaosproof.json_access import numeral
from chaosproof.pack.gate.rules import Rules
from chaosproof.pack.judged import Judged, JudgedRun
from chaosproof.runfolder.provenance import experiment_sha256

__all__ = ["bound_text", "other_claims", "other_experiments"]


def other_claims(judged: Judged, rules: Rules) -> dict[str, str]:
    """By id, the claims that are other than the gate file binds them to, and how, in a sentence."""
    differing: dict[str, str] = {}
    for id, bound in rules.bounds.items():
        for claim, run in _claims(id, judged.runs):
            texts = (bound_text(claim, run.run.variables), bound_text(claim, {}))
            if _plain(bound) not in map(_plain, texts):
                differing[id] = (
                    f"{run.place} claims {texts[0]!r}, and the gate file binds it to {bound!r}: run it "
                    "with that bound, or change it under `bounds` of the gate file"
                )
                break
    return differing


def other_experiments(judged: Judged, rules: Rules) -> list[str]:
    """The runs that were made by another experiment than the gate file binds theirs to, in sentences."""
    return [
        f"{run.place} was made by another experiment than the gate file binds {run.experiment} to: run the one that is "
        f'bound, or write {run.experiment}: "{sha256}" under `experiments` of the gate file'
        for run in judged.runs
        if (bound := rules.experiments.get(run.experiment))
        and bound != (sha256 := experiment_sha256(run.run.experiment))
    ]


def bound_text(claim: Claim, variables: Mapping[str, object]) -> str:
    """`load.error_ratio at_most 0.05`: figures and bound of a claim, with the variables of the bound resolved where
    they are known.
    """
    if claim.bound == "in_order":
        text = f"{' '.join(claim.figures)} in_order{' or_equal' if claim.or_equal else ''}"
    else:
        ends = claim.value if isinstance(claim.value, tuple) else (claim.value,)
        values = " ".join(_value(end, variables) for end in ends)
        text = f"{' '.join(claim.figures)} {claim.bound} {values}"
    return text if claim.default is None else f"{text} default {claim.default:g}"


def _value(value: object, variables: Mapping[str, object]) -> str:
    with suppress(KeyError):
        value = resolve(value, variables)
    return str(value)


def _plain(bound: str) -> list[str | float]:
    """The words of a bound, numbers as numbers: 5 is 5.0."""
    return [word if (number := numeral(word)) is None else number for word in bound.split()]


def _claims(id: str, runs: Sequence[JudgedRun]) -> Iterator[tuple[Claim, JudgedRun]]:
    """The claim `EXPERIMENT.MODE.ID` or `EXPERIMENT.compare.ID` as each of the runs has it."""
    experiment, mode, name = id.split(".", 2)
    for run in runs:
        if run.experiment != experiment:
            continue
        if mode == "compare":
            yield from (
                (claim, run) for claim in read_experiment(run.run.experiment).compare if claim.id == name
            )
        elif run.mode == mode and name in run.claims:
            yield run.claims[name], run
