"""What the rules are held against: files with one thing wrong, and journals in which it only seems so."""

import copy
from collections.abc import Callable
from typing import Any

from tests.review.journals import HTTP, action, entry, honest, journal, met, probe, state

__all__ = [
    *("ASK", "BROKEN", "EXPERIMENTS", "FREEZE", "JOURNALS", "KILL", "NEAR", "OK", "REFUSED", "SCALE", "THAW"),
    *("Content", "answer", "asked", "changed", "lint", "raised", "ran", "unmet"),
]

Content = dict[str, Any]
KILL = action("kill a stock", type="process", path="shopctl", arguments="stock kill")
FREEZE = action("freeze the stock", type="python", module="shop.faults", func="freeze")
THAW = action("thaw the stock", type="python", module="shop.faults", func="thaw")
ASK = probe("shop answers", 200, **HTTP)
REFUSED = ["chaoslib.exceptions.ActivityFailed: failed to connect: [Errno 111] Connection refused\n"]
BROKEN = ["chaoslib.exceptions.ActivityFailed: KeyError: 'items'\n"]
OK = {"status": 200, "headers": {}, "body": ""}


def changed(*path: Any, to: Any) -> Callable[[], Content]:
    """The honest journal with another value at the path."""

    def make() -> Content:
        content = copy.deepcopy(honest())
        inside: Any = content
        for key in path[:-1]:
            inside = inside[key]
        inside[path[-1]] = to
        return content

    return make


def ran(*run: Content, **more: Any) -> Callable[[], Content]:
    """The honest journal with another method."""

    def make() -> Content:
        whole = honest()
        states = {"before": whole["steady_states"]["before"], "after": whole["steady_states"]["after"]}
        return journal(list(run), rollbacks=whole["rollbacks"], **{**states, **more})

    return make


def asked(before: Content, after: Content, *run: Content, **more: Any) -> Callable[[], Content]:
    """The honest journal with another hypothesis, and with nothing in its method but an action."""
    return ran(
        *(run or (entry(action(), 1, {"isolated": 1}),)), before=state(before), after=state(after), **more
    )


def unmet(declared: Content, at_s: float, output: Any = 0.5, **more: Any) -> Content:
    return met(declared, at_s, output, **{"tolerance_met": False, **more})


def raised(declared: Content, at_s: float, lines: list[str], **more: Any) -> Content:
    return entry(declared, at_s, None, status="failed", exception=lines, **more)


def answer(at_s: float, checked_at: str) -> Content:
    return met(ASK, at_s, {**OK, "body": {"status": "UP", "checked_at": checked_at}})


def ended(**by: Content) -> Callable[[], Content]:
    """The honest journal, interrupted, with what the toolkit or an extension says of it."""
    return lambda: {**honest(), "status": "interrupted", **by}


JOURNALS: list[tuple[str, str, Callable[[], Content]]] = [
    ("no-action", "warning", ran(entry(probe("p", None), 1, 3))),
    ("action-failed", "error", ran(raised(action(), 1, BROKEN))),
    ("action-failed", "error", ran(entry(KILL, 1, {"status": 1, "stdout": "", "stderr": "no such stock"}))),
    ("action-failed", "error", ran(entry(action(**HTTP), 1, {**OK, "status": 500}))),
    ("empty-selection", "warning", ran(entry(action(), 1, []))),
    ("empty-selection", "warning", ran(entry(action(), 1, {}))),
    (
        "empty-selection",
        "warning",
        ran(entry(action(type="python", module="chaosk8s.pod.actions", func="x"), 1, 0)),
    ),
    (
        "empty-selection",
        "warning",
        ran(
            entry(KILL, 1, {"status": 0, "stdout": "No resources found in default namespace.", "stderr": ""})
        ),
    ),
    ("dry-run", "warning", changed("experiment", "dry", to="actions")),
    ("dry-run", "warning", changed("run", 0, "activity", "dry", to=True)),
    ("no-hypothesis", "warning", changed("experiment", "steady-state-hypothesis", to=None)),
    ("empty-hypothesis", "warning", changed("experiment", "steady-state-hypothesis", "probes", to=[])),
    ("no-baseline", "note", changed("steady_states", "before", to=None)),
    ("hypothesis-not-measured", "warning", changed("steady_states", "after", to=None)),
    ("baseline-not-met", "error", ran(before=state(unmet(probe(), 0)), after=None)),
    (
        "baseline-not-met",
        "error",
        ran(before=state(raised(probe(), 0, REFUSED, tolerance_met=False)), after=None),
    ),
    ("during-not-met", "error", changed("steady_states", "during", to=[state(unmet(probe(), 2))])),
    ("deviated", "error", asked(met(probe(), 0), unmet(probe(), 8))),
    ("deviated", "error", changed("deviated", to=True)),
    ("service-down", "error", asked(met(probe(), 0), raised(probe(), 8, REFUSED, tolerance_met=False))),
    ("probe-failed", "warning", asked(met(probe(), 0), raised(probe(), 8, BROKEN, tolerance_met=False))),
    (
        "red-by-construction",
        "warning",
        asked(
            met(
                probe("runs", True, type="python", module="p", func="runs", arguments={"file": "/run/a.pid"}),
                0,
                True,
            ),
            unmet(
                probe("runs", True, type="python", module="p", func="runs", arguments={"file": "/run/a.pid"}),
                8,
                False,
            ),
            entry(
                action("end it", type="python", module="p", func="kill", arguments={"file": "/run/a.pid"}), 1
            ),
        ),
    ),
    ("method-probe-missed", "error", ran(entry(action(), 1), entry(ASK, 2, {**OK, "status": 500}))),
    ("method-probe-missed", "error", ran(entry(action(), 1), entry(probe("q", (0, 1)), 2, 7))),
    ("method-probe-missed", "error", ran(entry(action(), 1), raised(ASK, 2, REFUSED))),
    ("method-probe-failed", "warning", ran(entry(action(), 1), raised(ASK, 2, BROKEN))),
    ("session-verdict", "error", changed("chaosproof", to={"verdict": "fail"})),
    ("session-verdict", "warning", changed("chaosproof", to={"verdict": "unknown"})),
    ("session-verdict", "note", changed("chaosproof", to={"verdict": "pass"})),
    ("checked-too-soon", "warning", ran(entry(KILL, 1, OK | {"status": 0}), after=state(met(probe(), 1.2)))),
    (
        "undone-before-check",
        "warning",
        ran(entry(FREEZE, 1), entry(THAW, 3), entry(probe("late", (0, 1)), 4, 1)),
    ),
    (
        "undone-before-check",
        "warning",
        ran(entry(action("slow", type="python", module="m", func="slow", arguments={"duration": "2s"}), 1)),
    ),
    (
        "same-answer",
        "warning",
        asked(answer(0, "2026-11-28T10:40:00Z"), answer(8, "2026-11-28T10:40:00Z")),
    ),
    ("single-sample", "warning", asked(met(ASK, 0, OK), met(ASK, 8, OK))),
    ("slower-within-tolerance", "warning", asked(met(ASK, 0, OK, 0.08), met(ASK, 8, OK, 3.1))),
    ("cannot-miss", "warning", asked(met(probe("t", 0, type="process", path="true"), 0, 0), met(probe(), 8))),
    ("cannot-miss", "warning", asked(met(probe("n", (0, 1e308)), 0), met(probe(), 8))),
    (
        "jsonpath-not-understood",
        "warning",
        asked(met(probe("p", {"type": "jsonpath", "path": "$[?(@.a==1)]"}, **HTTP), 0, OK), met(probe(), 8)),
    ),
    ("not-a-number", "warning", ran(entry(action(), 1), entry(probe("q", None), 2, float("nan")))),
    (
        "only-a-file",
        "warning",
        asked(
            met(probe("f", 0, type="process", path="test", arguments="-f /run/a.pid"), 0, 0), met(probe(), 8)
        ),
    ),
    ("rollbacks-not-played", "warning", changed("rollbacks", to=[])),
    ("rollback-failed", "error", changed("rollbacks", 0, to=raised(action("join"), 10, BROKEN))),
    ("rollback-before-check", "warning", changed("rollbacks", 0, to=entry(action("join"), 5))),
    ("activity-not-ended", "warning", changed("run", 0, "status", to="started")),
    ("ended-early", "warning", changed("status", to="interrupted")),
    ("ended-early", "warning", changed("status", to="failed")),
    ("ended-early", "warning", changed("status", to=None)),
    ("ended-early", "warning", ended(safeguards={"triggered_by": "disk is full", "run": {}})),
    (
        "ended-early",
        "warning",
        ended(interruption={"kind": "signal", "name": "SIGINT", "reason": "received SIGINT"}),
    ),
    ("method-not-whole", "warning", changed("run", to=[entry(action(), 1, {"isolated": 1})])),
]


def lint(**changes: Any) -> Content:
    content: Content = {**honest()["experiment"], **changes}
    return content


SCALE = action("scale", type="python", module="chaosk8s.deployment.actions", func="scale_deployment")
PATIENT = probe("p", 200, type="http", url="http://127.0.0.1/", timeout=30)
SHORT = action("slow", type="python", module="m", func="slow", arguments={"duration_s": 5})


def slow(**arguments: Any) -> Content:
    return action("slow", type="python", module="m", func="slow", arguments=arguments)


DISARM = action("arm", type="http", url="http://127.0.0.1/fault", method="PUT")
ARMED = probe("armed", 404, type="http", url="http://127.0.0.1/fault")
EXPERIMENTS: list[tuple[str, str, Content]] = [
    ("no-action", "warning", lint(method=[])),
    ("no-hypothesis", "warning", lint(**{"steady-state-hypothesis": None})),
    ("no-proof", "warning", lint(method=[action()])),
    ("needs-rollback", "warning", lint(method=[SCALE, probe()], rollbacks=[])),
    ("tolerance-in-method", "note", lint(method=[action(), probe()])),
    (
        "fault-shorter-than-timeout",
        "warning",
        lint(method=[SHORT], **{"steady-state-hypothesis": {"probes": [PATIENT]}}),
    ),
    (
        "delay-beyond-timeout",
        "note",
        lint(method=[slow(delay_ms=30_000)], **{"steady-state-hypothesis": {"probes": [PATIENT]}}),
    ),
    ("will-be-red", "warning", lint(method=[DISARM], **{"steady-state-hypothesis": {"probes": [ARMED]}})),
    ("extension-mistake", "error", lint(extensions=[{"name": "chaosproof", "watchh": {}}])),
]

NEAR: list[tuple[str, Callable[[], Content]]] = [
    ("action-failed", ran(entry({**KILL, "tolerance": 1}, 1, {"status": 1, "stdout": "", "stderr": ""}))),
    ("empty-selection", ran(entry(action(), 1, None))),
    ("checked-too-soon", ran(entry(KILL, 1, {"status": 0}), after=state(met(probe(), 5)))),
    ("checked-too-soon", ran(entry(FREEZE, 1), after=state(met(probe(), 1.2)))),
    ("undone-before-check", ran(entry(FREEZE, 1), entry(probe("q", (0, 1)), 2, 1), entry(THAW, 3))),
    (
        "undone-before-check",
        ran(entry(action("slow", type="python", module="m", func="slow", arguments={"duration": 60}), 1)),
    ),
    ("same-answer", asked(answer(0, "2026-11-28T10:40:00Z"), answer(8, "2026-11-28T10:40:08Z"))),
    ("single-sample", asked(met(ASK, 0, OK), met(ASK, 8, OK), entry(action(), 1), entry(ASK, 2, OK))),
    ("slower-within-tolerance", asked(met(ASK, 0, OK, 0.5), met(ASK, 8, OK, 1.4))),
    ("slower-within-tolerance", asked(met(ASK, 0, OK, 0.01), met(ASK, 8, OK, 0.9))),
    (
        "jsonpath-not-understood",
        asked(met(probe("p", {"type": "jsonpath", "path": "$[?(@.a=1)]"}, **HTTP), 0, OK), met(probe(), 8)),
    ),
    (
        "method-probe-missed",
        lambda: {
            **ran(entry(action(), 1), entry(ASK, 2, {**OK, "status": 500}))(),
            "experiment": {**honest()["experiment"], "dry": "actions"},
        },
    ),
    ("cannot-miss", asked(met(probe("n", (1, 1e308)), 0, 3), met(probe(), 8))),
    ("deviated", changed("steady_states", "during", to=[state(met(probe(), 2))])),
    ("rollbacks-not-played", changed("experiment", "rollbacks", to=[])),
]
