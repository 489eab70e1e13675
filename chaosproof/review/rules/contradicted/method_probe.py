"""Probes of the method: the toolkit never holds their output against a tolerance, not even against their own."""

from collections.abc import Iterator

from chaosproof.review.documents import Document
from chaosproof.review.facts.looks_before import Ran, looks_before
from chaosproof.review.facts.outages import is_outage
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule

_CODES = {
    "not-a-number": "A probe of the method returned NaN or infinity: it measured nothing.",
    "method-probe-missed": "A probe of the method missed its tolerance, or was answered with an error, unheeded.",
    "method-probe-failed": "A probe of the method raised for a reason of its own, so it measured nothing.",
}


def _examine(document: Document) -> Iterator[Finding]:
    method = document.at_phase("method")
    looks = looks_before(
        document.experiment, [Ran(a.name, a.is_action, a.began_at, a.ended_at) for a in method]
    )
    for place, activity in enumerate(method):
        if activity.is_action or document.is_dry:
            continue
        if activity.output.is_endless:
            yield Finding(
                code="not-a-number",
                severity="warning",
                message=f"the probe {activity.name!r} of the method returned {activity.output.value}: it measured "
                "nothing",
                pointer=f"{activity.pointer}/output",
                next_step="see why it had nothing to divide by, and let it raise where it has measured nothing",
            )
        if activity.status == "failed":
            down = is_outage(activity.raised)
            yield Finding(
                code="method-probe-missed" if down else "method-probe-failed",
                severity="error" if down else "warning",
                message=f"the probe {activity.name!r} of the method had no answer, which the toolkit passes over: "
                f"{activity.raised or 'the journal does not say why'}",
                pointer=activity.pointer,
                next_step="if that is right under the fault, let the probe return it, and state it as its `tolerance`",
            )
        elif place not in looks and (why := activity.effect.wrong):
            yield Finding(
                code="method-probe-missed",
                severity="error",
                message=f"the probe {activity.name!r} of the method {why}; the toolkit passes over it",
                pointer=activity.pointer,
                next_step="mend the system, or state what is right under the fault as the probe's own `tolerance`",
            )


RULE = Rule(codes=_CODES, reads="journal", examine=_examine)
