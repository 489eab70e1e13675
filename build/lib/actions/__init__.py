"""Verbs that an experiment can name; and what `chaos discover --no-install chaosproof` finds.

Chaos Toolkit asks the first top-level package of a distribution for `discover`, and that is this one.
"""

from chaoslib.types import Discovery

__all__ = ["discover"]


def discover(discover_system: bool = True) -> Discovery:
    """All actions and probes of this project, with their arguments."""
    # Imported late: a run imports this package for its actions, and discovers nothing.
    from chaosproof.toolkit.discovery import discover_activities

    return discover_activities()
