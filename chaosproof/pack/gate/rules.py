"""gate.yaml: what a release must show, by name, and how the checks of a pack follow from its runs.

Try it: python -c 'from chaosproof.pack.gate.rules import read_rules; print(read_rules().required("all"))'
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.experiment.claims import Claim
from chaosproof.pack.files import read_text
from chaosproof.shipped import FOLDER, shipped_experiment

__all__ = ["OWN_CHECKS", "PerfRule", "Rule", "Rules", "Suite", "parse_rules", "read_rules"]

OWN_CHECKS = ("SYS_ONE_COMMIT", "SYS_RUNS_UNCHANGED")
"""The checks of every pack, for which no rule is needed."""

_DEFAULT = FOLDER / "gate.yaml"
_SCHEMA = Path(__file__).parent / "gate.schema.json"
_KINDS = ("comparison", "run", "ready", "probe")
_BYTES_MAX = 1 << 20


@dataclass(frozen=True)
class Rule:
    """A check of the pack. `kind` says what it follows from: the `comparison` of an experiment, the checks of a
    `run`, the instances of a service that were `ready`, a `probe` of the steady state; `subject` which one, `of` in
    which runs.
    """

    id: str
    claim: str
    kind: str
    subject: str
    of: tuple[str, ...] = ()


@dataclass(frozen=True)
class PerfRule:
    """A figure that warns: a claim of the experiment itself (`claim_id`), or one made here about a `run`."""

    id: str
    claim_id: str = ""
    run: str = ""
    claim: Claim | None = None


@dataclass(frozen=True)
class Suite:
    """What is required together, and the category of readiness that it counts in."""

    category: str
    runs: tuple[str, ...]
    checks: tuple[str, ...]


@dataclass(frozen=True)
class Rules:
    """A gate file. `bounds` are the claims that it binds to a figure and a bound, `experiments` the hashes that
    experiments must have; `text` is the file itself.
    """

    version: str
    every_run: tuple[str, ...]
    baseline_may_fail: tuple[str, ...]
    suites: Mapping[str, Suite]
    profiles: Mapping[str, tuple[str, ...]]
    checks: tuple[Rule, ...]
    perf: tuple[PerfRule, ...]
    bounds: Mapping[str, str] = field(default_factory=dict)
    experiments: Mapping[str, str] = field(default_factory=dict)
    text: str = field(repr=False, default="")

    def required(self, profile: str, *, perf: bool = False) -> tuple[str, ...]:
        """The ids that `profile` requires, in order; with `perf` also the figures of the runs that it names.

        Raises UsageError for a profile that the file does not have.
        """
        suites = [self.suites[name] for name in self._suites_of(profile)]
        ids = [id for suite in suites for id in self._of_suite(suite)]
        if perf:
            runs = {run for suite in suites for run in suite.runs}
            ids += [rule.id for rule in self.perf if (rule.run or rule.claim_id.rpartition(".")[0]) in runs]
        return tuple(dict.fromkeys(ids))

    def categories(self, profile: str) -> dict[str, tuple[str, ...]]:
        """What `profile` requires, by category of readiness. Raises as `required` does."""
        by_category: dict[str, list[str]] = {}
        for name in self._suites_of(profile):
            suite = self.suites[name]
            by_category.setdefault(suite.category, []).extend(self._of_suite(suite))
        return {category: tuple(dict.fromkeys(ids)) for category, ids in by_category.items()}

    def claimed_as_perf(self) -> frozenset[str]:
        """The claims `EXPERIMENT.MODE.ID` that have their row under a name of their own."""
        return frozenset(rule.claim_id for rule in self.perf if rule.claim_id)

    def _suites_of(self, profile: str) -> tuple[str, ...]:
        if profile not in self.profiles:
            raise UsageError(f"there is no profile {profile!r}: known are {', '.join(self.profiles)}")
        return self.profiles[profile]

    def _of_suite(self, suite: Suite) -> list[str]:
        per_run = [
            f"{run}.{id}"
            for run in suite.runs
            for id in self.every_run
            if run.endswith(".resilient") or id not in self.baseline_may_fail
        ]
        return [*suite.checks, *per_run]


def read_rules(path: Path | None = None) -> Rules:
    """The rules of a gate file, by default of `experiments/gate.yaml`; of the installed one where there is no folder of
    that name here.

    Raises UsageError that says what is wrong, and where.
    """
    installed = None if FOLDER.is_dir() else shipped_experiment(_DEFAULT.name)
    file = path or installed or _DEFAULT
    if path is None and not file.is_file():
        raise UsageError(
            f"There is no {_DEFAULT} in {Path.cwd()}: go to the folder that has it, or name another (--gate-file)"
        )
    try:
        text = read_text(file, bytes_max=_BYTES_MAX)
    except ChaosproofError as error:
        raise UsageError(f"that is no gate file: {error}") from error
    return parse_rules(text, str(file))


@lru_cache(maxsize=8)  # writing a pack, verifying it and its gate read the same text
def parse_rules(text: str, name: str) -> Rules:
    """The rules that `text` states; `name` is what the file is called in an error. Raises UsageError."""
    try:
        raw = yaml.load(text, Loader=_NoKeyTwice)
    except (yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"{name} is no gate file: {' '.join(str(error).split())}") from error
    version = raw.get("schema_version") if isinstance(raw, dict) else 1
    if version != 1:
        raise UsageError(f"{name} has schema_version {str(version)[:20]}, and this chaosproof reads 1")
    mistake = jsonschema.exceptions.best_match(
        jsonschema.Draft202012Validator(json.loads(_SCHEMA.read_text(encoding="utf-8"))).iter_errors(raw)
    )
    if mistake is not None:
        place = ".".join(str(step) for step in mistake.absolute_path) or "its top"
        raise UsageError(
            f"{name} is no gate file that this chaosproof reads: {place}: {mistake.message[:300]}"
        )
    rules = Rules(
        version=raw["version"],
        every_run=tuple(raw["every_run"]),
        baseline_may_fail=tuple(raw.get("baseline_may_fail", ())),
        suites={
            id: Suite(suite["category"], tuple(suite.get("runs", ())), tuple(suite["checks"]))
            for id, suite in raw["suites"].items()
        },
        profiles={id: tuple(suites) for id, suites in raw["profiles"].items()},
        checks=tuple(_rule(id, entry) for id, entry in raw.get("checks", {}).items()),
        perf=tuple(_perf(id, entry) for id, entry in raw.get("perf", {}).items()),
        bounds=raw.get("bounds", {}),
        experiments=raw.get("experiments", {}),
        text=text,
    )
    if wrong := _dangling(rules):
        raise UsageError(f"{name}: {wrong}")
    return rules


class _NoKeyTwice(yaml.SafeLoader):
    """YAML in which a key stands once: the second would silently take the place of the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is there twice", node.start_mark
                )
        return super().construct_mapping(node, deep=deep)


def _rule(id: str, entry: Mapping[str, Any]) -> Rule:
    kind = next(kind for kind in _KINDS if kind in entry)
    return Rule(id, entry["claim"], kind, entry[kind], tuple(entry.get("of", ())))


def _perf(id: str, entry: Mapping[str, Any]) -> PerfRule:
    if "claim_id" in entry:
        return PerfRule(id, claim_id=entry["claim_id"])
    bound = "at_most" if "at_most" in entry else "at_least"
    claim = Claim(id, entry["claim"], (entry["figure"],), bound, entry[bound])
    return PerfRule(id, run=entry["run"], claim=claim)


def _dangling(rules: Rules) -> str:
    """What the file names and does not have; empty when there is nothing."""
    known = {*OWN_CHECKS, *(rule.id for rule in rules.checks)}
    for profile, suites in rules.profiles.items():
        for suite in suites:
            if suite not in rules.suites:
                return f"the profile {profile} names a suite {suite!r}, which is not there"
    for name, entry in rules.suites.items():
        if not entry.checks and not (entry.runs and rules.every_run):
            return f"the suite {name} requires nothing: name its runs, and their checks under every_run"
        for id in entry.checks:
            if "." not in id and id not in known:
                return f"the suite {name} requires {id}, for which there is no rule under checks"
    for profile in rules.profiles:
        if set(rules.required(profile)) <= {*OWN_CHECKS}:
            # a pack of anything whatever has these
            return f"the profile {profile} requires no run: name runs in one of its suites, or checks of runs"
    required = {id for profile in rules.profiles for id in rules.required(profile)}
    for id in rules.bounds:
        if id not in required:
            return f"bounds names {id}, which no profile requires"
    return ""
