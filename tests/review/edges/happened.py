"""What was done, how the run ended, and what was left behind."""

from collections.abc import Callable, Iterator

from tests.review.edges.shared import (
    CHAOSK8S,
    SHARE,
    during,
    whole,
)
from tests.review.journals import action, entry, honest, met, probe, state
from tests.review.spoilt import (
    ASK,
    BROKEN,
    FREEZE,
    KILL,
    REFUSED,
    THAW,
    Content,
    asked,
    changed,
    raised,
    ran,
    unmet,
)

__all__ = ["endings"]


def endings() -> Iterator[tuple[str, set[str], Callable[[], Content]]]:
    """Of actions, of the hypothesis, of rollbacks."""
    yield (
        "an outage in the method without a sentence",
        {"method-probe-failed"},
        ran(entry(action(), 1), entry(ASK, 2, status="failed")),
    )
    yield (
        "an action that failed without a sentence",
        {"action-failed"},
        ran(entry(action(), 1, status="failed"), during(2)),
    )
    yield (
        "two actions, one failed",
        {"action-failed"},
        ran(raised(action(), 1, BROKEN), entry(FREEZE, 1), during(2)),
    )
    yield (
        "not whole in the background",
        {"activity-not-ended"},
        ran(entry({**action(), "background": True}, 1, status="started"), during(2)),
    )
    yield "a rollback that did not end", {"activity-not-ended"}, changed("rollbacks", 0, "end", to=None)
    yield (
        "a probe of the hypothesis without an end",
        set(),
        changed("steady_states", "before", "probes", 0, "end", to=None),
    )
    yield (
        "the last probe without an end",
        set(),
        changed("steady_states", "after", "probes", 0, "end", to=None),
    )
    yield "a dry pause", {"dry-run"}, changed("experiment", "dry", to="pause")
    yield (
        "two dry activities",
        {"dry-run"},
        ran(entry({**action(), "dry": True}, 1), entry({**probe("q", None), "dry": True}, 2, 1)),
    )
    yield "an empty text of a known provider", {"empty-selection"}, ran(entry(CHAOSK8S, 1, ""), during(2))
    yield "an empty text of any other", set(), ran(entry(action(), 1, ""), during(2))
    yield "the text of an empty list", set(), ran(entry(action(), 1, "[]"), during(2))
    yield (
        "an empty list of a probe",
        set(),
        ran(entry(action(), 1), entry(probe("q", None), 2, []), during(3)),
    )
    yield (
        "an action that is not declared",
        {"method-not-whole"},
        lambda: {
            **ran(entry(action(), 1), during(2))(),
            "experiment": {**honest()["experiment"], "method": []},
        },
    )
    yield (
        "an action by reference",
        {"method-not-whole"},
        lambda: {
            **ran(during(2))(),
            "experiment": {**honest()["experiment"], "method": [{"ref": "partition"}, probe()]},
        },
    )
    yield (
        "interrupted before the hypothesis was asked",
        {"ended-early", "rollbacks-not-played"},
        whole(status="interrupted", steady_states={"before": None, "after": None}, rollbacks=[]),
    )
    yield "aborted", {"ended-early"}, whole(status="aborted")
    yield (
        "the baseline alone was asked",
        {"hypothesis-not-measured"},
        changed("steady_states", "after", to=None),
    )
    yield (
        "a method that the baseline forbade",
        {"baseline-not-met"},
        lambda: {
            **honest(),
            "run": [],
            "rollbacks": [],
            "steady_states": {"before": state(unmet(SHARE, 0)), "after": None},
        },
    )
    yield (
        "unmet in a dry run",
        {"dry-run", "method-not-whole"},
        lambda: {
            **asked(met(SHARE, 0), unmet(SHARE, 8))(),
            "experiment": {**honest()["experiment"], "dry": "probes"},
        },
    )
    yield (
        "unmet, and nobody says by which probe",
        {"deviated"},
        whole(
            steady_states={
                "before": state(met(SHARE, 0)),
                "after": {"steady_state_met": False, "probes": [met(SHARE, 8)]},
            }
        ),
    )
    yield (
        "deviated by its session",
        {"session-verdict"},
        whole(deviated=True, chaosproof={"verdict": "unknown"}),
    )
    yield (
        "down before the method, and during it",
        {"baseline-not-met", "service-down"},
        lambda: {
            **asked(raised(SHARE, 0, REFUSED, tolerance_met=False), met(SHARE, 8))(),
            "steady_states": {
                "before": state(raised(SHARE, 0, REFUSED, tolerance_met=False)),
                "during": [state(raised(SHARE, 1, REFUSED, tolerance_met=False))],
                "after": state(met(SHARE, 8)),
            },
        },
    )
    yield (
        "a probe that did not end",
        {"probe-failed"},
        asked(met(SHARE, 0), unmet(SHARE, 8, status=None)),
    )
    yield (
        "a rollback by a process that failed",
        {"rollback-failed"},
        changed(
            "rollbacks",
            0,
            to=entry(KILL, 10, {"status": 1, "stdout": "", "stderr": "first\nno such stock\n"}),
        ),
    )
    yield (
        "a rollback at the instant of the check",
        set(),
        changed("rollbacks", 0, to=entry(action("join"), 7.5, took_s=0.5)),
    )
    yield (
        "rollbacks not wanted, and taken back",
        {"undone-before-check"},
        lambda: {
            **ran(entry(FREEZE, 1), entry(THAW, 3))(),
            "rollbacks": [],
            "experiment": {**honest()["experiment"], "method": [FREEZE, THAW]},
        },
    )
    yield (
        "rollbacks not wanted of a deviated run",
        {"deviated", "rollbacks-not-played"},
        lambda: {
            **asked(met(SHARE, 0), unmet(SHARE, 8), entry(THAW, 1), during(2))(),
            "rollbacks": [],
            "deviated": True,
        },
    )
    yield (
        "one of two rollbacks",
        {"rollbacks-not-played"},
        lambda: {
            **honest(),
            "experiment": {**honest()["experiment"], "rollbacks": [action("a"), action("b")]},
        },
    )
    yield (
        "aborted, with nothing of its method in the journal",
        {"ended-early", "method-not-whole", "rollbacks-not-played"},
        whole(status="aborted", run=[], rollbacks=[]),
    )
    yield (
        "an action that did not end, behind a probe that did not",
        {"activity-not-ended"},
        lambda: {
            **changed("run", 0, "end", to=None)(),
            "steady_states": {"before": state({**met(SHARE, 0), "end": None}), "after": state(met(SHARE, 8))},
        },
    )
