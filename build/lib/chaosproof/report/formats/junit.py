"""junit.xml: the checks as CI systems show them. An assertion that missed is a `failure`, a question that
could not be answered an `error`, a missing capability `skipped`.
"""

from collections import Counter
from collections.abc import Sequence
from xml.etree import ElementTree

from chaosproof.runfolder.checks import Check

__all__ = ["junit_xml"]


def junit_xml(suite: str, checks: Sequence[Check]) -> str:
    """The whole document: one suite, one test case for each check. It carries no time, so that judging again
    is equal.
    """
    outcomes = Counter(map(_outcome, checks))
    totals = {
        "tests": str(len(checks)),
        "failures": str(outcomes["failure"]),
        "errors": str(outcomes["error"]),
        "skipped": str(outcomes["skipped"]),
    }
    # as Jenkins' schema has it, which knows of no skipped ones here
    root = ElementTree.Element("testsuites", {key: totals[key] for key in ("tests", "failures", "errors")})
    parent = ElementTree.SubElement(root, "testsuite", {"name": _legal(suite), **totals})
    for check in checks:
        case = ElementTree.SubElement(
            parent, "testcase", {"classname": _legal(suite), "name": _legal(check.id)}
        )
        outcome = _outcome(check)
        if outcome:
            ElementTree.SubElement(case, outcome, {"message": _legal(check.details)}).text = _legal(
                check.evidence
            )
        else:
            ElementTree.SubElement(case, "system-out").text = _legal(f"{check.details} [{check.evidence}]")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _outcome(check: Check) -> str:
    if check.status == "pass":
        return ""
    if check.status == "fail":
        return "failure"
    return "skipped" if check.skipped else "error"


def _legal(value: str) -> str:
    """Without the characters that XML 1.0 cannot hold, escaped or not."""
    return "".join(c if c in "\t\n\r" or c.isprintable() or c == "\xa0" else "�" for c in value)
