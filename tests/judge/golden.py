"""What a reader is told, word for word: kept, so that a change of it is seen and meant.

A change that is meant is written down by `.venv/bin/python -m tests.judge.golden`; read its difference in git.
What a document has beyond the kept one is no difference: new figures may come.
"""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaosproof.compare.compare import compare_runs
from chaosproof.judge.judge import Verdict, judge_run
from tests.support.runs import Run, baseline_run, resilient_run

__all__ = ["AGAIN", "differences", "kept", "sentences"]

PLACE = Path(__file__).with_name("golden.json")
AGAIN = "if this is meant: .venv/bin/python -m tests.judge.golden"


def kept(what: str) -> Any:
    return json.loads(PLACE.read_text())[what]


def sentences(verdict: Verdict) -> list[str]:
    """What each check that does not pass says."""
    return [f"{c.id} {c.status}: {c.details} [{c.evidence}]" for c in verdict.checks if c.status != "pass"]


def differences(now: Any, then: Any, path: str = "") -> list[str]:
    """Where `now` lacks or contradicts what was kept."""
    if isinstance(then, Mapping):
        if not isinstance(now, Mapping):
            return [f"{path} is {now!r}, and was an object"]
        gone = [f"{path}.{key} is gone" for key in then if key not in now]
        return gone + [
            d for key in then if key in now for d in differences(now[key], then[key], f"{path}.{key}")
        ]
    if isinstance(then, list):
        if not isinstance(now, list) or len(now) != len(then):
            return [f"{path} is {now!r}, and was {then!r}"]
        return [d for n, one in enumerate(then) for d in differences(now[n], one, f"{path}[{n}]")]
    return [] if now == then else [f"{path} is {now!r}, and was {then!r}"]


def documents(folder: Path) -> dict[str, Any]:
    """Everything that is derived from the two true runs."""
    runs = {"baseline": baseline_run(), "resilient": resilient_run()}
    verdicts = {mode: judge_run(run.write(folder / mode)) for mode, run in runs.items()}
    compared = compare_runs(folder / "baseline", folder / "resilient").document
    document = {
        "checks": {
            mode: [f"{c.id} {c.status}: {c.details} [{c.evidence}]" for c in verdict.checks]
            for mode, verdict in verdicts.items()
        },
        "summary": {mode: verdict.summary for mode, verdict in verdicts.items()},
        "figures": {
            mode: {what: verdict.figures[what] for what in ("activities", "series", "variables")}
            for mode, verdict in verdicts.items()
        },
        "timeline": {mode: verdict.timeline for mode, verdict in verdicts.items()},
        "comparison": {
            key: compared[key]
            for key in ("verdict", "checks", "headline", "effects", "sequential", "confidence")
        },
    }
    return dict(json.loads(json.dumps(document)))


def _write() -> None:
    from .test_lies import LIES

    with tempfile.TemporaryDirectory() as temporary:
        found = documents(Path(temporary) / "true")
        lies = {}
        for n, (name, _, _, lie) in enumerate(LIES):
            run: Run = resilient_run()
            lie(run)
            lies[name] = sentences(judge_run(run.write(Path(temporary) / str(n))))
    PLACE.write_text(json.dumps({"lies": lies, **found}, indent=1) + "\n")


if __name__ == "__main__":
    _write()
