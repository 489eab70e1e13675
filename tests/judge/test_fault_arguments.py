"""A fault is what its action asked for, where the experiment has it, and ended by whom the journal says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaosproof.judge.fault_rules.healed import healed_by
from chaosproof.judge.fault_rules.planned_faults import elsewhere, unlike_arguments
from chaosproof.judge.removed_instance import removed_instance
from tests.support.asked import read_back
from tests.support.runs import FAULT_AT, FAULT_S, Run, activity, ran, resilient_run

Bend = Callable[[Run], object]


def called(run: Run, **arguments: Any) -> None:
    """What the action was called with, and returned."""
    run.experiment["method"][1]["provider"]["arguments"] = arguments
    run.journal["run"][1]["activity"]["provider"]["arguments"] = arguments
    run.journal["run"][1]["output"] = {"id": "f1"}


@pytest.mark.parametrize(
    ("bend", "said"),
    [
        (lambda r: called(r, duration_s="${fault_duration_s}", port=50051, peer="app-b"), []),
        (lambda r: called(r, duration_s=10.9), []),
        (lambda r: called(r, duration_s=11.1), ["'reset' asked for duration_s 11.1, and the fault has 10.0"]),
        (lambda r: called(r, duration_s=9), ["'reset' asked for duration_s 9, and the fault has 10.0"]),
        (lambda r: called(r, port=50051.5), ["'reset' asked for port 50051.5, and the fault has 50051"]),
        (lambda r: called(r, port="50051", protocol="tcp", port_side="destination"), []),
        (lambda r: called(r, protocol="udp"), ["'reset' asked for protocol udp, and the fault has tcp"]),
        (
            lambda r: called(r, port_side="source"),
            ["'reset' asked for port_side source, and the fault has destination"],
        ),
        (lambda r: called(r, peer="app-c"), ["'reset' asked for peer app-c, and the fault has app-b"]),
        (
            lambda r: called(r, direction="ingress"),
            ["'reset' asked for direction ingress, and the fault has egress"],
        ),
        (lambda r: called(r, direction="${nowhere}", note="x", kind=None), []),
        (lambda r: (called(r, loss_ratio=0.5), r.fault.update(magnitude={"loss_ratio": 0.5 + 5e-10})), []),
        (
            lambda r: (called(r, loss_ratio=0.5), r.fault.update(magnitude={"loss_ratio": 0.25})),
            ["'reset' asked for loss_ratio 0.5, and the fault has 0.25"],
        ),
        (lambda r: (called(r, peer=0), r.fault["selector"].update(peer=None)), []),
        (lambda r: (called(r, peer="0"), r.fault["selector"].update(peer=None)), []),
        (
            lambda r: (called(r, peer="b"), r.fault["selector"].update(peer=None)),
            ["'reset' asked for peer b, and the fault has None"],
        ),
        (
            lambda r: r.experiment["method"][1]["provider"].update(
                arguments={"duration_s": 11, "port_number": "7"}
            ),
            [
                "the experiment asked for duration_s 11, and the fault planned 10",
                "the experiment asked for port_number 7, and the fault planned 50051",
            ],
        ),
        (
            lambda r: (
                r.experiment["method"][1]["provider"].update(arguments={"port": 7}),
                r.faults.append(r.fault | {"id": "f2", "selector": {}}),
            ),
            ["the experiment asked for port 7, and the fault planned 50051, unknown"],
        ),
    ],
)
def test_a_fault_is_what_its_action_asked_for(tmp_path: Path, bend: Bend, said: list[str]) -> None:
    run = resilient_run()
    bend(run)
    found = read_back(run, tmp_path)
    assert list(unlike_arguments(found, found.fault_records)) == said


def test_actions_that_are_no_faults_do_not_end_the_comparison(tmp_path: Path) -> None:
    run = resilient_run()
    called(run, duration_s=11)
    run.journal["run"].insert(
        0, ran(activity("probe", "chaosproof.probes.load", "wait", duration_s=3), {"id": "f1"})
    )
    run.journal["run"].insert(0, ran(activity("other", "chaosproof.actions.network", "drop"), {"id": "f9"}))
    found = read_back(run, tmp_path)
    assert list(unlike_arguments(found, found.fault_records)) == [
        "'reset' asked for duration_s 11, and the fault has 10.0"
    ]


@pytest.mark.parametrize(
    ("bend", "said"),
    [
        (lambda r: None, []),
        (lambda r: r.session["variables"].pop("fault_instance"), []),
        (
            lambda r: r.fault.update(instance="app-b-1"),
            [
                "reset on app-b-1 is not on app-a-0, which the experiment names",
                "no fault is on app-a-0, which fault_instance names, but on app-b-1",
            ],
        ),
        (
            lambda r: r.faults.append(r.fault | {"id": "f2", "instance": "app-b-1"}),
            ["reset on app-b-1 is not on app-a-0, which the experiment names"],
        ),
        (
            lambda r: (called(r, instance="app-b-1"), r.fault.update(instance="app-b-1")),
            ["no fault is on app-a-0, which fault_instance names, but on app-b-1"],
        ),
        (lambda r: r.fault.update(instance="app-b-1", note="partition of app-a and app-b"), []),
        (
            lambda r: r.fault.update(instance="app-b-1", note="no partition of app-a"),
            [
                "reset on app-b-1 is not on app-a-0, which the experiment names",
                "no fault is on app-a-0, which fault_instance names, but on app-b-1",
            ],
        ),
    ],
)
def test_a_fault_is_where_the_experiment_has_it(tmp_path: Path, bend: Bend, said: list[str]) -> None:
    run = resilient_run()
    bend(run)
    found = read_back(run, tmp_path)
    assert list(elsewhere(found, found.fault_records)) == said


@pytest.mark.parametrize(
    ("module", "func", "kind", "output", "ended_it"),
    [
        ("chaosproof.actions.network", "heal", "reset", {"faults": [{"id": "f0"}, {"id": "f1"}]}, True),
        ("chaosproof.actions.network", "heal", "reset", {"faults": [{"id": "f0"}]}, False),
        ("chaosproof.actions.network", "heal", "pause", {"instance": "app-a-0"}, False),
        ("chaosproof.actions.network", "halt", "reset", {"faults": [{"id": "f1"}]}, False),
        ("chaosproof.actions.process", "heal", "reset", {"faults": [{"id": "f1"}]}, False),
        ("chaosproof.actions.process", "resume", "pause", {"instance": "app-a-0"}, True),
        ("chaosproof.actions.process", "resume", "pause", {"instance": "app-a-1"}, False),
        ("chaosproof.actions.process", "resume", "reset", {"instance": "app-a-0"}, False),
        ("chaosproof.actions.process", "pause", "pause", {"instance": "app-a-0"}, False),
    ],
)
@pytest.mark.parametrize("section", ["run", "rollbacks"])
def test_who_ended_a_fault_early_says_so(
    tmp_path: Path, section: str, module: str, func: str, kind: str, output: Any, ended_it: bool
) -> None:
    run = resilient_run()
    run.fault["kind"] = kind
    run.journal[section].append(ran(activity("end it", module, func), output))
    found = read_back(run, tmp_path)
    assert healed_by(found, found.fault_records[0]) == ("end it" if ended_it else "")


@pytest.mark.parametrize(
    ("at", "instance", "detail", "into_s"),
    [
        (FAULT_AT, "app-a-0", "the pod was deleted", "0.0"),
        (FAULT_AT + FAULT_S, "app-a-0", "the pod was deleted: evicted", "10.0"),
        (FAULT_AT + FAULT_S + 0.01, "app-a-0", "the pod was deleted", ""),
        (FAULT_AT - 0.01, "app-a-0", "the pod was deleted", ""),
        (FAULT_AT + 1, "app-a-1", "the pod was deleted", ""),
        (FAULT_AT + 1, "app-a-0", "exit code 1", ""),
        (None, "app-a-0", "the pod was deleted", ""),
    ],
)
def test_an_instance_was_taken_away_under_its_fault_or_it_was_not(
    tmp_path: Path, at: float | None, instance: str, detail: str, into_s: str
) -> None:
    run = resilient_run()
    run.faults.insert(0, run.fault | {"id": "f0", "applied_at": None})
    run.faults.insert(0, run.fault | {"id": "f8", "planned_s": None})
    run.readiness.append({"at": at, "instance": instance, "event": "exited", "detail": detail})
    said = f"the instance app-a-0 died {into_s} s into its fault: it was taken away" if into_s else ""
    assert removed_instance(read_back(run, tmp_path)) == said
