"""An activity counts by what it did: its status, the status of the response, its own tolerance."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaosproof.judge.check import failed, passed, unknown
from chaosproof.judge.judge import judge_run
from chaosproof.judge.succeeded import all_succeeded
from chaosproof.review.facts.tolerance import within
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.run_folder import read_run
from chaosproof.wording import counted
from tests.support.runs import activity, ran, resilient_run

SCRIPT = {"type": "action", "name": "drop the cache", "provider": {"type": "process", "path": "sh"}}
CALL = {"type": "action", "name": "fail over", "provider": {"type": "http", "url": "http://127.0.0.1:1/"}}
PROBE = activity("how many are left", "chaosproof.probes.load", "wait")


def answers(tmp_path: Path, section: str, *done: tuple[Any, Any]) -> Check:
    """What the check of the method, or of the rollbacks, answers when these activities ran as well."""
    run = resilient_run()
    run.experiment["extensions"][0]["no_fault"] = [SCRIPT["name"], CALL["name"]]
    run.experiment[section].extend(what for what, _ in done)
    kept = run.journal["run" if section == "method" else "rollbacks"]
    kept.extend(ran(what, output) for what, output in done)
    checks = {check.id: check for check in judge_run(run.write(tmp_path)).checks}
    assert checks["SYS_EVENTS"].status == "pass", checks["SYS_EVENTS"].details
    return checks["SYS_ACTIVITIES" if section == "method" else "SYS_ROLLBACKS"]


@pytest.mark.parametrize("section", ["method", "rollbacks"])
@pytest.mark.parametrize(
    ("what", "output", "expected", "sentence"),
    [
        (SCRIPT, {"status": 0, "stdout": "", "stderr": "warning"}, "pass", "ran and succeeded"),
        (
            SCRIPT,
            {"status": 1, "stderr": "no cache\n"},
            "fail",
            "ended with status 1 (no cache): if that is right, its own",
        ),
        (SCRIPT, {"status": -9, "stderr": ""}, "fail", "ended with status -9 (it wrote no error)"),
        (SCRIPT, None, "unknown", "with which status"),
        (SCRIPT | {"tolerance": 1}, {"status": 1, "stderr": ""}, "pass", ""),
        (SCRIPT | {"tolerance": [0, 3, 4]}, {"status": 3}, "pass", ""),
        (SCRIPT | {"tolerance": [0, 3, 4]}, {"status": 1}, "fail", "outside of its tolerance [0, 3, 4]"),
        (SCRIPT | {"dry": "actions"}, None, "unknown", "ran dry"),
        (CALL, {"status": 204, "body": ""}, "pass", ""),
        (CALL, {"status": 399, "body": ""}, "pass", ""),
        (CALL, {"status": 400, "body": ""}, "fail", "HTTP status 400"),
        (CALL, None, "unknown", "'fail over' ended is not known"),
        (PROBE, {"status": 500}, "pass", ""),
        (
            CALL,
            {"status": 500, "body": ""},
            "fail",
            "was answered with HTTP status 500: if that is right, its own",
        ),
        (CALL | {"expected": 404}, {"status": 404}, "pass", ""),
        (CALL | {"expected": 404}, {"status": 200}, "fail", "outside of its tolerance 404"),
        (PROBE | {"tolerance": [1, 2]}, 3, "fail", "outside of its tolerance [1, 2]: it returned 3"),
        (PROBE | {"tolerance": {"type": "probe", "provider": {}}}, 3, "unknown", "a regex or a jsonpath"),
    ],
)
def test_an_activity_counts_by_what_it_did(
    tmp_path: Path, section: str, what: Any, output: Any, expected: str, sentence: str
) -> None:
    check = answers(tmp_path, section, (what, output))
    assert check.status == expected, check.details
    assert sentence in check.details


@pytest.mark.parametrize(
    ("section", "noun", "id"), [("run", "activity", "X"), ("rollbacks", "rollback", "Y")]
)
def test_an_activity_that_did_not_run_to_its_end_is_named(
    tmp_path: Path, section: str, noun: str, id: str
) -> None:
    run = resilient_run()
    run.journal[section][-1].update(status="failed", exception=["x\n", "no route\n"])
    found = read_run(run.write(tmp_path))
    planned = found.journal.planned("method" if section == "run" else "rollbacks")
    done = found.journal.run if section == "run" else found.journal.rollbacks
    name, count = done[-1].name, len(done)
    assert all_succeeded(found, id, "e", noun, planned, done) == failed(
        id, f"{noun} {name!r} failed: no route", "e"
    )
    well = [replace(entry, status="succeeded") for entry in done]
    assert all_succeeded(found, id, "e", noun, planned, well) == passed(
        id, f"{counted(count, noun)} ran and succeeded", "e"
    )
    kept = [
        *well[:-1],
        replace(well[-1], activity={"name": name, "tolerance": 5}, output=5, tolerance_met=True),
    ]
    assert all_succeeded(found, id, "e", noun, planned, kept).status == "pass"
    missed = [*kept[:-1], replace(kept[-1], tolerance_met=False)]
    assert all_succeeded(found, id, "e", noun, planned, missed) == failed(
        id, f"{noun} {name!r} was outside of its tolerance 5: it returned 5", "e"
    )
    bare = [*kept[:-1], replace(kept[-1], activity={"name": name}, tolerance_met=False)]
    assert all_succeeded(found, id, "e", noun, planned, bare) == failed(
        id, f"{noun} {name!r} was outside of its tolerance: it returned 5", "e"
    )
    aborted = [*done[:-1], replace(done[-1], status="aborted")]
    assert all_succeeded(found, id, "e", noun, planned, aborted) == failed(
        id, f"{noun} {name!r} did not end", "e"
    )
    dry = [*done[:-1], replace(done[-1], status="succeeded", activity={"name": name, "dry": "x"})]
    assert all_succeeded(found, id, "e", noun, planned, dry) == unknown(
        id, f"{noun} {name!r} ran dry (x): it did nothing", "e"
    )
    assert all_succeeded(found, id, "e", noun, planned, done[:-1]) == unknown(
        id, f"{count - 1} of {counted(count, noun)} ran", "e"
    )
    nothing = f"the experiment has no {noun}"
    assert all_succeeded(found, id, "e", noun, [], []) == unknown(id, nothing, "e")


def test_an_activity_that_is_planned_by_a_reference_ran_under_its_name(tmp_path: Path) -> None:
    found = read_run(resilient_run().write(tmp_path))
    (done,) = found.journal.rollbacks
    for name, status in ((done.name, "pass"), ("another", "fail")):
        assert all_succeeded(found, "X", "e", "rollback", [{"ref": name}], [done]).status == status


def test_an_experiment_without_rollbacks_has_none_to_fail(tmp_path: Path) -> None:
    run = resilient_run()
    run.experiment["rollbacks"].clear()
    run.journal["rollbacks"].clear()
    checks = {check.id: check for check in judge_run(run.write(tmp_path)).checks}
    assert checks["SYS_ROLLBACKS"] == passed(
        "SYS_ROLLBACKS", "the experiment declares no rollbacks", "journal.json#rollbacks"
    )


def test_two_activities_of_one_name_are_two(tmp_path: Path) -> None:
    """The first of them failed: the second, which went well, does not stand for it."""
    good, bad = {"status": 0, "stderr": ""}, {"status": 7, "stderr": ""}
    assert answers(tmp_path / "1", "method", (SCRIPT, bad), (SCRIPT, good)).status == "fail"
    assert answers(tmp_path / "2", "method", (SCRIPT, good), (SCRIPT, good)).status == "pass"


def test_a_claim_says_which_of_two_activities_of_one_name_it_means(tmp_path: Path) -> None:
    """The last of them does not stand for both."""
    run = resilient_run()
    for count in (7, 0):
        run.experiment["method"].append(PROBE)
        run.journal["run"].append(ran(PROBE, {"left": count}))
    for id, figure in (("EITHER", "left"), ("FIRST", "0.left"), ("SECOND", "1.left")):
        run.claim(id=id, figure=f"activities.how many are left.{figure}", at_most=5)
    checks = {check.id: check.status for check in judge_run(run.write(tmp_path)).checks}
    assert [checks[id] for id in ("EITHER", "FIRST", "SECOND")] == ["unknown", "fail", "pass"]


def test_an_activity_that_ran_for_another_is_seen(tmp_path: Path) -> None:
    """As many ran as are planned, but one of them twice and another not at all."""
    run = resilient_run()
    run.journal["run"][2] = run.journal["run"][0]
    checks = {check.id: check for check in judge_run(run.write(tmp_path)).checks}
    assert checks["SYS_ACTIVITIES"].status == "fail"
    assert "'hold' is planned 1 times and ran 0 times" in checks["SYS_ACTIVITIES"].details


@pytest.mark.parametrize(
    ("tolerance", "output", "expected"),
    [
        (True, True, True),
        (2, 2, True),
        (2, "2", False),
        ("${wanted}", "ready", True),
        ("${nowhere}", "ready", None),
        ([1, 2], 1.5, True),
        ([1, 2], float("nan"), False),
        ([1, 2], "many", False),
        (["a", "b", "c"], "b", True),
        ({"type": "range", "range": [0, 5], "target": "left"}, {"left": "5"}, True),
        ({"type": "range", "range": [0, 5]}, "none", False),
        ({"type": "regex", "pattern": "^${wanted}$", "target": "stdout"}, {"stdout": "ready"}, True),
        ({"type": "regex", "pattern": "ready"}, None, False),
        ({"type": "jsonpath", "path": "$.a[*]", "expect": [1, 2]}, '{"a": [1, 2]}', True),
        ({"type": "jsonpath", "path": "$.a[*]", "count": 3}, {"a": [1, 2]}, False),
        ({"type": "jsonpath", "path": "$.b"}, {"a": 1}, False),
        ({"type": "jsonpath", "path": "$.b"}, "no JSON", False),
        ({"type": "probe"}, 1, None),
        ([1, 2], 1, True),
        ([1, 2], 2, True),
        ([1, 2], 0.99, False),
        ([1, 2], 2.01, False),
        ([1, 2], True, False),
        (["a", "b"], "a", False),
        ([0, 3], {"status": 3}, True),
        ([0, 3], {"status": 2}, False),
        ([200], 200, True),
        ([], [], True),
        ({"type": "range", "range": [0, 5], "target": "left"}, {"left": "5.1"}, False),
        ({"type": "range", "range": [0, 5], "target": "left"}, {"right": 5}, False),
        ({"type": "range", "range": [0, 5], "target": "left"}, 5, False),
        ({"type": "range"}, 5, False),
        ({"type": "regex", "pattern": "^${wanted}$", "target": "stdout"}, {"stdout": "not ready"}, False),
        ({"type": "regex", "pattern": "${nowhere}"}, "x", None),
        ({"type": "regex", "pattern": "("}, "(", False),
        ({"type": "jsonpath", "path": " $.a ", "expect": "${wanted}"}, {"a": "ready"}, True),
        ({"type": "jsonpath", "path": "$.a", "expect": 1}, {"a": 2}, False),
        ({"type": "jsonpath", "path": "$.${wanted}", "expect": (1,)}, {"ready": 1}, True),
        ({"type": "jsonpath", "path": "$.a[*]", "count": 2}, {"a": [1, 2]}, True),
        ({"type": "jsonpath", "path": "$.b", "count": 0}, {"a": 1}, True),
        ({"type": "jsonpath", "path": "$.a", "target": "body"}, {"body": '{"a": 0}'}, True),
        ({"type": "other"}, 1, None),
        ({}, 1, None),
        (200, {"status": 200}, True),
        (200, {"status": 201}, False),
        ("200", {"status": 200}, False),
        ({"type": "range", "range": [1, 2]}, 2, True),
        (None, None, True),
        ("${wanted}", {"status": 0}, False),
    ],
)
def test_each_form_of_a_tolerance_is_asked(tolerance: Any, output: Any, expected: bool | None) -> None:
    assert within(tolerance, output, {"wanted": "ready"}) is expected
