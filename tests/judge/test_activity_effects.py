"""An activity counts by what it did: its status, the status of the response, its own tolerance."""

from pathlib import Path
from typing import Any

import pytest

from chaosproof.judge.judge import judge_run
from chaosproof.judge.tolerance import within
from chaosproof.runfolder.checks import Check
from tests.support.runs import activity, ran, resilient_run

SCRIPT = {"type": "action", "name": "drop the cache", "provider": {"type": "process", "path": "sh"}}
CALL = {"type": "action", "name": "fail over", "provider": {"type": "http", "url": "http://127.0.0.1:1/"}}
PROBE = activity("how many are left", "probes.load", "wait")


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
    ],
)
def test_each_form_of_a_tolerance_is_asked(tolerance: Any, output: Any, expected: bool | None) -> None:
    assert within(tolerance, output, {"wanted": "ready"}) is expected
