"""A hypothesis that can only be unmet after the method, or only by it: it asks for the absence of what the method
does."""

from collections.abc import Mapping
from typing import Any

from chaosproof.json_access import text
from chaosproof.review.documents import Document
from chaosproof.review.facts.action_words import addresses_of, changes, is_undo

__all__ = ["red_by_construction"]


def red_by_construction(document: Document, probe: Mapping[str, Any]) -> str:
    """The name of the last action that changes the very thing that the probe looks at, with nothing that takes it back;
    empty for none.
    """
    looked_at = addresses_of(probe)
    name = ""
    for activity in document.method:
        if activity.get("type") == "action" and looked_at & addresses_of(activity):
            if is_undo(activity):
                name = ""
            elif changes(activity):
                name = text(activity.get("name"))
    return name
