"""The contract of a rule. To add one, add one file to this folder; `registry` finds it there.

A rule looks at one document and yields findings. It is pure, and relies on nothing that a journal may lack: what the
file does not say is no finding. Its file defines a `Rule` at the top level, with the codes of its findings and what
each of them means; a code never changes its meaning, since people name it in their CI.

    RULE = Rule(
        codes={"no-title": "The experiment has no title."},
        reads="either",
        examine=_examine,
    )

`reads` is which document it is asked of: a `journal`, an `experiment` that has not run, or `either`. `needs_no_session`
is for a doubt that this project's own session settles by its evidence: such a rule is not asked of a run that had one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding

__all__ = ["Rule"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One thing to look for in a document."""

    codes: Mapping[str, str]
    reads: Literal["journal", "experiment", "either"]
    examine: Callable[[Document], Iterator[Finding]]
    needs_no_session: bool = False

    def applies(self, document: Document) -> bool:
        """Whether the rule can be asked of the document."""
        if self.needs_no_session and document.has_session:
            return False
        return self.reads in ("either", document.kind)
