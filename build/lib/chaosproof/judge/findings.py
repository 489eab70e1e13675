"""What speaks against a check while it is being answered: what is wrong outweighs what is not known."""

from dataclasses import dataclass, field

from chaosproof.judge.check import failed, passed, unknown
from chaosproof.runfolder.checks import Check

__all__ = ["Findings"]

_SHOWN_MAX = 4


@dataclass
class Findings:
    """Collects sentences; `check` makes one Check of them."""

    id: str
    evidence: str
    wrong: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)

    def check(self, otherwise: str) -> Check:
        """`fail` when anything is wrong, else `unknown` when anything is unclear, else `pass` with
        `otherwise`.
        """
        if self.wrong:
            return failed(self.id, _joined(self.wrong), self.evidence)
        if self.unclear:
            return unknown(self.id, _joined(self.unclear), self.evidence)
        return passed(self.id, otherwise, self.evidence)


def _joined(sentences: list[str]) -> str:
    more = len(sentences) - _SHOWN_MAX
    return "; ".join(sentences[:_SHOWN_MAX]) + (f"; and {more} more" if more > 0 else "")
