"""The contract of a built-in check. To add one, add one file to this folder; `registry` finds it there.

A check asks one question of every run. Its file defines a `BuiltinCheck` at the top level: an id `SYS_...`, what it
asks, its place in the order, what to do when it does not pass, and a pure function from what the run left behind to one
`Check` with that id. The answer is `pass`, `fail`, or `unknown` when the files do not say. A function that raises is
`unknown`, too, and a run without the check is never a pass. One that not every run can be asked says by `applies` of
which it is; the others have no row of it.

    CHECK = BuiltinCheck(
        id="SYS_TITLE",
        position=200,
        title="Does the run name its title?",
        next_step='give {file} a "title", then: {again}',
        answer=_answer,
    )
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from chaosproof.judge.figures.request_stats import RequestStats
from chaosproof.judge.figures.summary import Figures
from chaosproof.judge.journal_review import reviewed_run
from chaosproof.review.documents import Document
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["BuiltinCheck", "Material"]


@dataclass(frozen=True)
class Material:
    """What a run left behind: its files as records, its request rows added up, those of the warm-up apart, and the
    figures made of them.
    """

    run: RunFolder
    stats: RequestStats
    warmup: RequestStats
    figures: Figures

    @cached_property
    def reviewed(self) -> Document:
        """The run's journal as the rules of a review see it: several checks ask it, and it is made once."""
        return reviewed_run(self.run)

    @property
    def load_expected(self) -> bool:
        """Whether there was to be a load: the method calls `chaosproof.actions.load`, or any trace of one is there."""
        run = self.run
        return bool(
            run.calls("chaosproof.actions.load")
            or run.load_plan.given
            or run.load_done.given
            or self.stats.rows
        )


@dataclass(frozen=True)
class BuiltinCheck:
    """A question that is asked of every run, or of those to which it `applies`. Checks are listed by `position`.

    `next_step` is what to do when it does not pass, with the places that `judge.next_steps.filled_in` knows. An answer
    that knows better brings a step of its own (`judge.next_steps.MARK`).
    """

    id: str
    position: int
    title: str
    next_step: str
    answer: Callable[[Material], Check]
    applies: Callable[[Material], bool] | None = None
