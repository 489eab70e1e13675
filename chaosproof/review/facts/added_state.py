"""The state of the hypothesis that a control of this project added to a journal, so that Chaos Toolkit's own report for
agents learns of the verdict (`chaosproof.toolkit.reports.verdict_state`). Nobody measured it: a review passes over it.
"""

__all__ = ["ADDED_BY", "OWN_NAME"]

ADDED_BY = "added_by"
"""The key of such a state, beside those of the toolkit."""

OWN_NAME = "chaosproof"
"""Its value."""
