"""An experiment as this project understands it: Chaos Toolkit's file, and what its extension adds.

    "extensions": [{"name": "chaosproof", "experiment": "checkout", "checks": [...], "compare": [...]}]

Every key of the extension is in `extension.schema.json` (docs/reference/experiment.md). This is the only reader. It
reads what anybody may have written: `mistakes_of` says what is wrong, and `checked_experiment` refuses an experiment
that has any.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chaosproof.errors import UsageError
from chaosproof.experiment.cannot_miss import claims_that_cannot_miss
from chaosproof.experiment.claims import Claim, claim_mistakes, claims_of
from chaosproof.experiment.evidence import evidence_mistakes
from chaosproof.experiment.extension import extensions_of
from chaosproof.experiment.method_actions import FAULT_MODULES, calls_of
from chaosproof.experiment.modes import MODES, Variant, variants_of
from chaosproof.experiment.schema import extension_schema, mistakes_in, suggestion
from chaosproof.experiment.tolerances import tolerance_mistakes
from chaosproof.experiment.variables import RUN_VARIABLES, says_where
from chaosproof.json_access import mapping, mappings, sequence, text

__all__ = ["AnswerCounter", "Experiment", "Watched", "checked_experiment", "mistakes_of", "read_experiment"]

# These have readers of their own, whose sentences say more.
_READ_ELSEWHERE = ("checks", "compare", "variants")


@dataclass(frozen=True)
class AnswerCounter:
    """The counter of the instances' answers: its metric, and the label that holds the code. Empty: not given."""

    metric: str
    label: str


@dataclass(frozen=True)
class Watched:
    """A query of Prometheus for the progress line, with words for its values."""

    label: str
    query: str
    names: Mapping[str, str]


@dataclass(frozen=True)
class Experiment:
    """What stands in the file and in its extension; empty where it says nothing. The fields that are not
    described here are described in the schema.

    `name` is the extension's `experiment`; `modes` are both where it names none; `not_faults` are the names of its
    `no_fault` where that is a list.
    """

    name: str
    title: str
    scenario: str
    modes: tuple[str, ...]
    variants: tuple[Variant, ...]
    configuration: Mapping[str, Any]
    method: tuple[Mapping[str, Any], ...]
    no_fault: bool
    not_faults: tuple[str, ...]
    met_by: Mapping[str, str]
    load: Mapping[str, Any]
    artifacts: tuple[str, ...]
    series: str
    watch: tuple[Watched, ...]
    answers_counted_by: AnswerCounter | None
    on: Mapping[str, Mapping[str, Any]]
    checks: tuple[Claim, ...]
    compare: tuple[Claim, ...]


def checked_experiment(content: Mapping[str, Any], targets: Collection[str] = ()) -> Experiment:
    """The experiment of a file's `content`, for use before a run, when a mistake is cheap.

    `targets` are the names that `on` may use; any when empty. Raises `UsageError` with all that is wrong.
    """
    experiment = read_experiment(content)
    unknown = [name for name in experiment.on if targets and name not in targets]
    mistakes = [*mistakes_of(content), *(f"on.{name}: {suggestion(name, targets)}" for name in unknown)]
    if mistakes:
        raise UsageError(f"{'; '.join(mistakes)}{'' if mistakes[-1][-1] in '.?' else '.'}")
    return experiment


def read_experiment(content: Mapping[str, Any]) -> Experiment:
    """The experiment of a file's `content`, or of a saved journal, whatever is wrong with it. Never raises."""
    # There should be one entry. Of several, the first that has a key counts, but for lists, which are added up.
    extensions = extensions_of(content)
    merged: dict[str, Any] = {}
    for extension in reversed(extensions):
        merged.update(extension)
    name = text(merged.get("experiment"))
    modes = tuple(mode for mode in sequence(merged.get("modes")) if mode in MODES)
    counter = merged.get("answers_counted_by")
    return Experiment(
        name=name,
        title=text(content.get("title")),
        scenario=text(merged.get("scenario")) or name,
        modes=modes if len(modes) == 1 else MODES,
        variants=variants_of(content),
        configuration=mapping(content.get("configuration")),
        method=mappings(content.get("method")),
        no_fault=merged.get("no_fault") is True,
        not_faults=tuple(map(text, sequence(merged.get("no_fault")))),
        met_by={service: text(caller) for service, caller in mapping(merged.get("met_by")).items()},
        load=mapping(merged.get("load")),
        artifacts=tuple(text(file) for item in extensions for file in sequence(item.get("artifacts"))),
        series=text(merged.get("series")),
        watch=tuple(
            Watched(text(item.get("label")), text(item.get("query")), mapping(item.get("names")))
            for item in mappings(merged.get("watch"))
        ),
        answers_counted_by=None
        if counter is None
        else AnswerCounter(text(mapping(counter).get("metric")), text(mapping(counter).get("label"))),
        on={target: mapping(variables) for target, variables in mapping(merged.get("on")).items()},
        checks=claims_of(content, "checks"),
        compare=claims_of(content, "compare"),
    )


def mistakes_of(content: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong with the extension in a file's `content`, in sentences. Never raises."""
    return tuple(dict.fromkeys(_mistakes(content, extensions_of(content))))


def _mistakes(content: Mapping[str, Any], extensions: tuple[Mapping[str, Any], ...]) -> Iterator[str]:
    if not extensions:
        yield (
            'The experiment has no extension "chaosproof"; '
            'add {"name": "chaosproof", "experiment": "NAME", "checks": [...]} to its extensions'
        )
    if len(extensions) > 1:
        yield 'The experiment has more than one extension "chaosproof"; put all into one'
    schema = extension_schema()
    for extension in extensions:
        if "experiment" not in extension:
            yield (
                'The extension "chaosproof" must name its "experiment" '
                "in letters, digits and dashes, such as checkout"
            )
        for key, value in extension.items():
            if key not in schema["properties"]:
                yield f"{key}: {suggestion(str(key), schema['properties'])}"
            elif key not in _READ_ELSEWHERE or (key == "variants" and not isinstance(value, Mapping)):
                yield from mistakes_in(value, schema["properties"][key], str(key))
        yield from _unknown_variables(extension, mapping(content.get("configuration")))
        yield from _contradictions(extension.get("no_fault"), mappings(content.get("method")))
    yield from evidence_mistakes(content)
    yield from claim_mistakes(content)
    for section in ("checks", "compare"):
        # what its own variables make of a bound is known when they are resolved
        yield from claims_that_cannot_miss(claims_of(content, section), {})
    yield from _never_asked(content)
    yield from tolerance_mistakes(content)


def _never_asked(content: Mapping[str, Any]) -> Iterator[str]:
    """Claims that apply in no mode that the experiment has, and none at all."""
    extension = [mapping(item) for item in extensions_of(content)]
    modes = {mode for mode in MODES for item in extension if mode in sequence(item.get("modes"))} or {*MODES}
    checks, compare = claims_of(content, "checks"), claims_of(content, "compare")
    for claim in checks:
        if claim.modes and not modes & {*claim.modes}:
            yield (
                f"{claim.id} applies in {' and '.join(claim.modes)}, and the experiment has only "
                f"{' and '.join(sorted(modes))}: it would never be asked"
            )
    if compare and len(modes) == 1:
        yield f"compare is never asked of an experiment that has only the mode {modes.pop()}: leave out `modes`"
    if extension and not checks and not compare:
        yield (
            "The experiment claims nothing, so it can prove nothing: "
            'add {"id": ..., "claim": ..., "figure": ..., "at_most": ...} to `checks` of the extension'
        )


def _contradictions(no_fault: Any, method: tuple[Mapping[str, Any], ...]) -> Iterator[str]:
    """A fault that is denied would not be looked for."""
    faults = calls_of(method, *FAULT_MODULES)
    names = [text(activity.get("name")) for activity in method]
    if no_fault is True and faults:
        yield f"no_fault is true, and the method calls a fault: {faults[0].get('name')!r}"
    for name in map(text, sequence(no_fault)):
        if name not in names:
            yield f"no_fault: there is no action {name!r} in the method; {suggestion(name, names)}"
        elif name in [fault.get("name") for fault in faults]:
            yield f"no_fault: {name!r} calls {', '.join(FAULT_MODULES)}, which are faults"


def _unknown_variables(extension: Mapping[str, Any], configuration: Mapping[str, Any]) -> Iterator[str]:
    """A variable that the experiment does not have would be set in vain."""
    known = {*configuration, *RUN_VARIABLES}
    given = [(f"on.{target}", values) for target, values in mapping(extension.get("on")).items()]
    given += [
        (f"variants.{name}.variables", mapping(variant).get("variables"))
        for name, variant in mapping(extension.get("variants")).items()
    ]
    for path, variables in given:
        for name in mapping(variables):
            if name not in known and not says_where(name):
                yield f"{path}.{name}: {suggestion(name, known)}"
