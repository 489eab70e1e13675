"""Experiments that have not run."""

from collections.abc import Iterator

from tests.review.journals import HTTP, action, probe
from tests.review.spoilt import (
    ASK,
    SCALE,
    Content,
    lint,
)

__all__ = ["experiments"]


def experiments() -> Iterator[tuple[str, set[str], Content]]:
    def hypothesis(*probes: Content) -> Content:
        return {"steady-state-hypothesis": {"title": "h", "probes": list(probes)}}

    def proxied(name: str, func: str) -> Content:
        return action(name, type="python", module="chaostoxi.proxy.actions", func=func)

    look = probe("look", None)
    tc = action("limit", type="process", path="tc", arguments="qdisc add dev lo root netem delay 100ms")
    for strategy in ("continuously", "continously", "during-method-only"):
        yield (
            f"asked {strategy}",
            set(),
            lint(method=[action()], runtime={"hypothesis": {"strategy": strategy}}),
        )
    yield (
        "asked after the method only",
        {"no-proof"},
        lint(method=[action()], runtime={"hypothesis": {"strategy": "after-method-only"}}),
    )
    yield "probes only", {"no-action"}, lint(method=[look, look])
    yield "scaled back", set(), lint(method=[SCALE, look], rollbacks=[SCALE])
    yield (
        "a proxy disabled, and enabled later in the method",
        set(),
        lint(method=[proxied("off", "disable_proxy"), look, proxied("on", "enable_proxy")], rollbacks=[]),
    )
    yield (
        "a proxy enabled before it was disabled",
        {"needs-rollback"},
        lint(method=[proxied("on", "enable_proxy"), proxied("off", "disable_proxy"), look], rollbacks=[]),
    )
    for func in ("remove_network_policy", "delete_fault", "untaint_node", "attach_volume"):
        yield f"taken back by {func}", set(), lint(method=[tc, look], rollbacks=[proxied("back", func)])
    yield "a command that stays", {"needs-rollback"}, lint(method=[tc, look], rollbacks=[action("log")])
    yield (
        "a command taken back by del",
        set(),
        lint(
            method=[tc, look],
            rollbacks=[action("limit", type="process", path="tc", arguments="qdisc del dev lo root")],
        ),
    )
    yield (
        "a command that is only named so",
        set(),
        lint(method=[action("docker stop", type="process", path="true"), look], rollbacks=[]),
    )
    yield (
        "two probes with a timeout, the shorter outlasted",
        set(),
        lint(
            method=[
                action("slow", type="python", module="m", func="slow", arguments={"duration": "5s"}),
                look,
            ],
            **hypothesis(
                probe("a", 200, **{**HTTP, "timeout": 30}), probe("b", 200, **{**HTTP, "timeout": [1, 3]})
            ),
        ),
    )
    yield (
        "a fault as long as the timeout",
        set(),
        lint(
            method=[
                action("slow", type="python", module="m", func="slow", arguments={"duration_ms": 3000}),
                look,
            ],
            **hypothesis(ASK),
        ),
    )
    yield (
        "taken back before it is asked",
        set(),
        lint(
            method=[
                action("arm", type="http", url="http://127.0.0.1/fault?n=1", method="PUT"),
                look,
                action("heal", type="http", url="http://127.0.0.1/fault/", method="DELETE"),
            ],
            **hypothesis(probe("armed", 404, type="http", url="http://127.0.0.1/fault")),
        ),
    )
    yield (
        "no method and no hypothesis",
        {"no-action", "no-hypothesis"},
        lint(method=[], **{"steady-state-hypothesis": {}}),
    )
    yield (
        "an extension of somebody else",
        {"no-proof"},
        lint(method=[action()], extensions=[{"name": "other"}]),
    )
