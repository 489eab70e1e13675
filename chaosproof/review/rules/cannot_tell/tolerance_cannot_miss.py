"""Tolerances that no output misses: they hold of any system, also of one that is gone."""

from collections.abc import Iterator

from chaosproof.experiment.weak_probes import asked_file, cannot_miss
from chaosproof.json_access import text
from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule

_CODES = {
    "cannot-miss": "No output of the probe is outside of its tolerance.",
    "only-a-file": "The probe asks for a file, which is there whether or not the service runs.",
}


def _examine(document: Document) -> Iterator[Finding]:
    for probe in document.hypothesis_probes:
        name = text(probe.get("name"))
        if why := cannot_miss(probe):
            yield Finding(
                code="cannot-miss",
                severity="warning",
                message=f"the probe {name!r} of the hypothesis cannot be outside of its tolerance: "
                f"{why.partition(': ')[0]}",
                pointer=document.pointer_of(probe),
                next_step=why.partition(": ")[2]
                or "ask for something that is otherwise when the service is down",
            )
        elif path := asked_file(probe):
            yield Finding(
                code="only-a-file",
                severity="warning",
                message=f"the probe {name!r} of the hypothesis asks whether {path} is there: a file outlives the "
                "process that wrote it",
                pointer=document.pointer_of(probe),
                next_step="ask the service itself: send it a request, or signal 0 to the process that the file names",
            )


RULE = Rule(codes=_CODES, reads="either", examine=_examine)
