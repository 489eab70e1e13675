"""The two modes of a comparison, and an experiment's variants: further modes, each one of the two but for a setting.

    "extensions": [{"name": "chaosproof", "variants": {"pool1": {
        "of": "resilient", "differs": "one channel instead of four", "variables": {"duration_s": 32}}}}]

`chaos run --var mode=pool1` then runs with the overlays of `of` and of the scenario, and `values-<scenario>-pool1.yaml`
on top. `variables` are what a drill runs it with; all else must be as in the run of `of`. A claim of `compare` may name
its figures: `pool1.load.p99_ms`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaosproof.experiment.extension import extensions_of
from chaosproof.experiment.schema import known_keys, suggestion
from chaosproof.json_access import mapping, text

__all__ = ["MODES", "Variant", "overlays_of", "variant_mistakes", "variants_of"]

MODES = ("baseline", "resilient")


@dataclass(frozen=True)
class Variant:
    """`name` is the mode of its runs, `of` the mode that it is but for one thing, which `differs` says in words."""

    name: str
    of: str
    differs: str
    variables: Mapping[str, Any]


def variants_of(experiment: Mapping[str, Any]) -> tuple[Variant, ...]:
    """The variants that are well formed, in order. Never raises."""
    return tuple(
        Variant(name, text(item["of"]), text(item["differs"]), mapping(item.get("variables")))
        for name, item in _declared(experiment)
        if not _mistake(name, item)
    )


def variant_mistakes(experiment: Mapping[str, Any]) -> list[str]:
    """One sentence for each variant that is not well formed."""
    return [mistake for name, item in _declared(experiment) if (mistake := _mistake(name, item))]


def overlays_of(experiment: Mapping[str, Any], mode: str, scenario: str) -> tuple[str, str]:
    """The mode and the scenario whose overlays a run in `mode` gets: that of a variant is named behind a dash."""
    for variant in variants_of(experiment):
        if variant.name == mode:
            return variant.of, f"{scenario}-{mode}"
    return mode, scenario


def _declared(experiment: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [
        (str(name), item)
        for extension in extensions_of(experiment)
        for name, item in mapping(extension.get("variants")).items()
    ]


def _mistake(name: str, item: Any) -> str:
    if not name.isalnum() or name in (*MODES, "compare", "common"):
        return f"the variant {name!r} needs a name of its own, in letters and digits"
    known = known_keys("variant")
    shape = f"is an object of {', '.join(sorted(known))}"
    if not isinstance(item, Mapping):
        return f"the variant {name} {shape}, not {item!r}"
    if unknown := sorted(set(item) - known):
        return f"variants.{name}.{unknown[0]}: {suggestion(unknown[0], known)} A variant {shape}"
    if item.get("of") not in MODES:
        return f"the variant {name} must be `of` {' or '.join(MODES)}, not {item.get('of')!r}"
    if not text(item.get("differs")):
        return f"the variant {name} needs `differs`, words that say in what it differs"
    if not isinstance(item.get("variables", {}), Mapping):
        return f"the variant {name}: variables must be an object, not {item['variables']!r}"
    return ""
