"""Finds the rules: every `Rule` at the top level of a module in a folder of this folder."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache

from chaosproof.review import rules as folder
from chaosproof.review.documents import Document
from chaosproof.review.finding import SEVERITIES, Finding
from chaosproof.review.rules.base import Rule

__all__ = ["all_rules", "codes", "findings_of"]

_CRASH = "rule-failed"


@cache
def all_rules() -> tuple[tuple[str, Rule], ...]:
    """Each rule with the name of its module, by that name. Raises ValueError when two have one code."""
    rules = tuple(
        (module.name.rpartition(".")[2], value)
        for module in pkgutil.walk_packages(folder.__path__, f"{folder.__name__}.")
        for value in vars(importlib.import_module(module.name)).values()
        if isinstance(value, Rule)
    )
    every = [code for _, rule in rules for code in rule.codes]
    if twice := {code for code in every if every.count(code) > 1}:
        raise ValueError(f"two rules have one code: {', '.join(sorted(twice))}")
    return rules


def codes() -> Mapping[str, str]:
    """Every code with what it means."""
    return {code: meaning for _, rule in all_rules() for code, meaning in rule.codes.items()}


def findings_of(document: Document) -> tuple[Finding, ...]:
    """What all rules find in the document, the worst first. A rule that crashes is a doubt, and never a pass."""
    findings = [
        finding
        for name, rule in all_rules()
        if rule.applies(document)
        for finding in _guarded(name, rule, document)
    ]
    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))


def _guarded(name: str, rule: Rule, document: Document) -> Iterator[Finding]:
    try:
        yield from list(rule.examine(document))
    except Exception as error:
        yield Finding(
            code=_CRASH,
            severity="warning",
            message=f"the rule {name} could not look at this file: {error!r}",
            next_step="report it with the file: no journal should make a rule fail",
        )
