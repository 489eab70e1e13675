"""Journals and experiments at the edges of the rules: a little more, and the finding would be another, or none."""

from tests.review.edges.before_run import experiments
from tests.review.edges.cannot_tell import answers
from tests.review.edges.happened import endings
from tests.review.edges.tolerances import tolerances

__all__ = ["EXPERIMENT_EDGES", "JOURNAL_EDGES"]

JOURNAL_EDGES = [*answers(), *endings(), *tolerances()]
EXPERIMENT_EDGES = list(experiments())
