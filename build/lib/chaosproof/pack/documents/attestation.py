"""attestation.intoto.json: the pack's result as in-toto's Statement v1 with the predicate Test Result v0.1, for tools
that sign it and policies that ask for it.

`failedTests` holds what failed and what is not known, required checks that are absent included; `warnedTests` the
figures that do not hold. `INFO_` rows are no tests.
"""

import json
from collections.abc import Mapping, Sequence

from chaosproof.pack.gate.gate import GateVerdict
from chaosproof.pack.rows import counts_in_verdict
from chaosproof.runfolder.checks import Check

__all__ = ["PREDICATE", "STATEMENT", "attestation_text"]

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"


def attestation_text(
    checks: Sequence[Check], gate: GateVerdict, hashes: Mapping[str, str], configuration: Sequence[str]
) -> str:
    """The statement about the files in `hashes`; `configuration` names those of them that say what was asked."""
    passed = [check.id for check in checks if check.status == "pass" and not check.id.startswith("INFO_")]
    warned = [check.id for check in checks if check.status != "pass" and check.id.startswith("PERF_")]
    failed = [check.id for check in checks if check.status != "pass" and counts_in_verdict(check.id)]
    failed += [row.id for row in gate.rows if row.status == "absent"]
    result = "FAILED" if failed or gate.status != "pass" else "WARNED" if warned else "PASSED"
    statement = {
        "_type": STATEMENT,
        "subject": [_descriptor(name, digest) for name, digest in sorted(hashes.items())],
        "predicateType": PREDICATE,
        "predicate": {
            "result": result,
            "configuration": [_descriptor(name, hashes[name]) for name in configuration if name in hashes],
            "passedTests": passed,
            "warnedTests": warned,
            "failedTests": failed,
        },
    }
    return json.dumps(statement, indent=2) + "\n"


def _descriptor(name: str, digest: str) -> dict[str, object]:
    return {"name": name, "digest": {"sha256": digest}}
