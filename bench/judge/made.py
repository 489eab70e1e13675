"""A run folder of any size, as a load of that size would have left it: for measuring the judge, not for its verdict."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

__all__ = ["write_run"]

_STARTED_AT = 1_800_000_000.0
_ROWS_PER_MEMBER = 10_000
_INSTANCES = ("app-a-0", "app-a-1")
_HEADER = b"seq,due_at,sent_at,done_at,status,code,instance,attempts\n"


def write_run(folder: Path, requests: int, *, rate_rps: float = 5_000.0, fault_s: float = 15.0) -> None:
    """Write the raw files of a run of s4's shape with so many requests, one in a hundred of them failed in the fault.

    The fault is in the middle of the load. Raises OSError when the disk does not take it.
    """
    load_at = _STARTED_AT + 10
    duration_s = requests / rate_rps
    fault_at = load_at + duration_s / 2
    folder.mkdir(parents=True, exist_ok=True)
    ok = 0
    with (folder / "requests.csv.gz").open("wb") as file:
        file.write(gzip.compress(_HEADER, 1))
        rows: list[str] = []
        for seq in range(requests):
            due = load_at + seq / rate_rps
            failed = fault_at <= due < fault_at + fault_s and seq % 100 == 0
            ok += not failed
            status, code = (503, "UNAVAILABLE") if failed else (200, "SUCCESS")
            done = due + 0.004 + (seq * 7919 % 1000) / 100_000
            rows.append(
                f"{seq},{due:.6f},{due + 0.0001:.6f},{done:.6f},{status},{code},{_INSTANCES[seq % 2]},1\n"
            )
            if len(rows) == _ROWS_PER_MEMBER or seq == requests - 1:
                file.write(gzip.compress("".join(rows).encode(), 1))
                rows.clear()
    ended_at = load_at + duration_s
    plan = {
        "name": "measured",
        "model": "open",
        "arrivals": "constant",
        "rate_rps": rate_rps,
        "duration_s": duration_s,
    }
    counts = {"recorded": requests, "ok": ok, "errors": requests - ok}
    codes = {"SUCCESS": ok, "UNAVAILABLE": requests - ok}
    _json(folder / "load-plan.json", plan | {"connections": 50, "timeout_s": 10, "seed": 7})
    _json(
        folder / "load-done.json",
        counts | {"planned": requests, "complete": True, "started_at": load_at, "ended_at": ended_at},
    )
    _lines(folder / "load-progress.ndjson", _progress(load_at, duration_s, rate_rps, requests, ok, codes))
    _lines(folder / "faults.jsonl", [_fault(fault_at, fault_s)])
    _json(
        folder / "session.json",
        {
            "schema_version": 1,
            "experiment": "made",
            "mode": "resilient",
            "started_at": _STARTED_AT,
            "ended_at": ended_at + 5,
            "complete": True,
            "interrupted": None,
            "variables": {},
            "instances": [{"name": name, "service": "app-a"} for name in _INSTANCES],
        },
    )
    _json(folder / "journal.json", {"status": "completed", "experiment": {"method": []}, "run": []})


def _progress(
    load_at: float, duration_s: float, rate_rps: float, requests: int, ok: int, codes: dict[str, int]
) -> Iterator[dict[str, object]]:
    for half in range(int(duration_s * 2)):
        done = int(half * rate_rps / 2)
        yield {"at": load_at + half / 2, "t_s": half / 2, "done": done, "ok": done, "errors": 0}
    last = {"done": requests, "ok": ok, "errors": requests - ok, "codes": codes}
    yield {"at": load_at + duration_s, "t_s": duration_s, **last}


def _fault(at: float, planned_s: float) -> dict[str, object]:
    return {
        "id": "f1",
        "kind": "reset",
        "instance": "app-a-0",
        "backend": "nft",
        "selector": {"protocol": "tcp", "port": 50051},
        "planned_s": planned_s,
        "applied_at": at,
        "expires_at": at + planned_s,
        "ended_at": at + planned_s,
        "ended_by": "kernel",
        "packets": 412,
        "canary": {"before": "open", "during": "refused", "after": "open"},
    }


def _json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value) + "\n", encoding="utf-8")


def _lines(path: Path, values: Iterator[dict[str, object]] | list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
