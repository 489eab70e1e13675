"""How often, how soon, and how the hypothesis was asked."""

from collections.abc import Callable, Iterator

from tests.review.edges.shared import (
    CURL,
    DONE,
    OLD,
    SHARE,
    cached,
    during,
    slow,
    with_during,
)
from tests.review.journals import action, entry, met, probe, state
from tests.review.spoilt import (
    ASK,
    BROKEN,
    FREEZE,
    KILL,
    OK,
    THAW,
    Content,
    answer,
    asked,
    raised,
    ran,
)

__all__ = ["answers"]


def answers() -> Iterator[tuple[str, set[str], Callable[[], Content]]]:
    """Answers, and when they came."""
    new = met(probe("new"), 7)
    yield "a cached answer behind a new probe", {"same-answer"}, cached(new)
    yield (
        "a cached answer of two seconds",
        set(),
        asked(answer(0, OLD), answer(2, OLD), entry(action(), 1), during(1)),
    )
    yield (
        "a cached answer of three seconds",
        {"same-answer"},
        asked(answer(0, OLD), answer(3, OLD), entry(action(), 1), during(1)),
    )
    yield (
        "one answer has no end",
        set(),
        asked({**answer(0, OLD), "end": None}, answer(8, OLD), during(1), entry(action(), 1)),
    )
    yield (
        "two requests in the hypothesis",
        {"single-sample"},
        lambda: ran(
            entry(action(), 1),
            before=state(met(ASK, 0, OK), met(CURL, 0, DONE)),
            after=state(met(ASK, 8, OK), met(CURL, 8, DONE)),
        )(),
    )
    yield (
        "requests, and one measured share",
        set(),
        lambda: ran(
            entry(action(), 1),
            before=state(met(ASK, 0, OK), met(SHARE, 0)),
            after=state(met(ASK, 8, OK), met(SHARE, 8)),
        )(),
    )
    yield (
        "one request, also asked during the method",
        set(),
        with_during(asked(met(ASK, 0, OK), met(ASK, 8, OK))),
    )
    yield (
        "one request, and a figure of the method",
        set(),
        asked(met(ASK, 0, OK), met(ASK, 8, OK), entry(action(), 1), during(2)),
    )
    yield "a second slower, to the tenth", {"slower-within-tolerance"}, slow(0.125, 1.25)
    yield "a second and a half slower, not tenfold", set(), slow(0.5, 2.0)
    yield "slower, and out of its tolerance", {"deviated"}, slow(0.125, 1.25, tolerance_met=False)
    yield "slower, a Python probe", set(), slow(0.125, 3.0, probe("python", True))
    yield (
        "a slower one behind one that is not",
        {"slower-within-tolerance"},
        lambda: ran(
            entry(action(), 1),
            during(2),
            before=state(met(CURL, 0, DONE), met(SHARE, 0), met(ASK, 0, OK, 0.1)),
            after=state(met(CURL, 8, DONE), met(SHARE, 8, 0.01, 4.0), met(ASK, 8, OK, 3.0)),
        )(),
    )
    yield (
        "asked a whole second after a kill",
        set(),
        ran(entry(KILL, 1, DONE, 0.5), after=state(met(SHARE, 2, 0.01, 0.5))),
    )
    yield "asked during a kill", set(), with_during(ran(entry(KILL, 1, DONE), after=state(met(SHARE, 1.2))))
    yield (
        "asked soon after a probe of a kill",
        set(),
        ran(entry(KILL, 0.5, DONE), during(1), after=state(met(SHARE, 1.2))),
    )
    yield "a kill that failed", {"action-failed"}, ran(raised(KILL, 1, BROKEN), after=state(met(SHARE, 1.2)))
    yield "asked during a fault that was undone", set(), with_during(ran(entry(FREEZE, 1), entry(THAW, 3)))
    yield "a fault undone, no time known", set(), ran(entry(FREEZE, 1) | {"start": None}, entry(THAW, 3))
    yield (
        "looked before the fault only",
        {"undone-before-check"},
        ran(during(0.5), entry(FREEZE, 1), entry(THAW, 3)),
    )
    yield (
        "looked until the fault came",
        set(),
        ran(entry(probe("s", None), 0.5, 0.01, 0.5), entry(FREEZE, 1), entry(THAW, 3)),
    )
    yield (
        "a fault of the second that is over",
        {"undone-before-check"},
        ran(
            during(0.2),
            entry(action("slow", type="python", module="m", func="slow", arguments={"seconds": 5}), 1),
        ),
    )
    yield "a second slower, from nothing", {"slower-within-tolerance"}, slow(0.0, 1.0)
    yield "nearly a second slower", set(), slow(0.0625, 0.96875)
    yield "a slower process", {"slower-within-tolerance"}, slow(0.125, 3.0, CURL)
    yield (
        "a process that is only named after a client",
        set(),
        asked(*(met(probe("curl it", 1, type="process", path="true"), at_s, DONE) for at_s in (0, 8))),
    )
    yield (
        "a fault that failed, and was undone",
        {"action-failed"},
        ran(raised(FREEZE, 1, BROKEN), entry(THAW, 3), during(4)),
    )
    works = probe("works", True)
    yield (
        "a slower one behind a Python probe",
        {"slower-within-tolerance"},
        lambda: ran(
            entry(action(), 1),
            during(2),
            before=state(met(works, 0, True), met(ASK, 0, OK, 0.1)),
            after=state(met(works, 8, True), met(ASK, 8, OK, 3.0)),
        )(),
    )
    yield (
        "looked at the instant at which the fault ended",
        set(),
        ran(entry(FREEZE, 1), during(3), entry(THAW, 3)),
    )
