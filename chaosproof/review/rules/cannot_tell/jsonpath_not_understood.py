"""JSON paths that the toolkit's parser does not take: refused in the hypothesis, and never noticed in the method.

jsonpath2 0.4.5 has `=` in its filters where most have `==`. Chaos Toolkit checks tolerances of the hypothesis alone.
"""

from collections.abc import Iterator
from contextlib import redirect_stderr
from io import StringIO

from chaosproof.json_access import at, text
from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule


def _examine(document: Document) -> Iterator[Finding]:
    for activity in (*document.hypothesis_probes, *document.method):
        path = text(at(activity, "tolerance", "path"))
        if at(activity, "tolerance", "type") == "jsonpath" and "${" not in path and (why := _complaint(path)):
            yield Finding(
                code="jsonpath-not-understood",
                severity="warning",
                message=f"the toolkit does not understand the jsonpath {path} of {text(activity.get('name'))!r}: {why}",
                pointer=document.pointer_of(activity),
                next_step="write it in the words of jsonpath2, or as a path with `expect`: in a filter, = and not ==",
            )


def _complaint(path: str) -> str:
    """What the parser says of the path; empty when it understands it."""
    # takes its time to load, and few experiments have such a tolerance
    from jsonpath2.path import Path  # type: ignore[import-untyped]

    try:
        with redirect_stderr(StringIO()):  # it prints what it raises
            Path.parse_str(path.strip())
    except RecursionError:
        return "it is nested too deeply"
    except ValueError as error:
        return " ".join(str(error).split()) or "it cannot be parsed"
    return ""


RULE = Rule(
    codes={
        "jsonpath-not-understood": "The toolkit's parser does not take a JSON path, and nobody notices in the method."
    },
    reads="either",
    examine=_examine,
)
