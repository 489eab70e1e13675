"""Others that tell of the same load and the same faults: each must agree with the rows and the ledger.

The rows are one record of the load; its own progress, its result in Fortio's format, what the toolkit's journal kept of
it, and the counters of the instances (`counters`) are others, written by other hands or at other moments. Who spoils
one of them, or the rows, is told by the rest. A witness that is silent is no objection here: whether it had to be there
is asked by the checks that call these.

Try it: chaosproof judge RUN_DIR, after a row of its requests.csv.gz was taken out.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from chaosproof.json_access import at, mapping, mappings, number, sequence, text, whole
from chaosproof.judge.figures.request_stats import RequestStats
from chaosproof.judge.load_rules.latency_witnesses import latency_objects, percentile_objects
from chaosproof.runfolder.load import LoadDone, LoadPlan, LoadProgress
from chaosproof.runfolder.run_folder import RunFolder

__all__ = [
    "journal_objects_to_faults",
    "journal_objects_to_load",
    "progress_objects",
    "result_objects",
]

# where more codes than these are told apart, the load shares one name for the rest
_CODES_MAX = 200
_ROUNDING_S = 2e-6
_DONE_KEYS = ("planned", "recorded", "ok", "errors", "started_at", "ended_at")
_PLAN_KEYS = (
    "url",
    "protocol",
    "model",
    "arrivals",
    "rate_rps",
    "connections",
    "duration_s",
    "timeout_s",
    "seed",
)
_FAULT_KEYS = ("kind", "instance", "direction", "planned_s", "applied_at", "expires_at", "expects")
_ENDED_KEYS = ("ended_at", "ended_by", "packets", "affected", "canary")


def progress_objects(run: RunFolder, fold: RequestStats) -> list[str]:
    """What the last row of load-progress.ndjson counts otherwise than the rows."""
    if not run.progress:
        return []
    last = run.progress[-1]
    objections = [
        f"{LoadProgress.FILE} ends with {key} {stated}, and the rows make {counted}"
        for key, stated, counted in (
            ("done", last.done, fold.rows),
            ("ok", last.ok, fold.ok),
            ("errors", last.errors, fold.rows - fold.ok),
        )
        if stated != counted
    ]
    objections += latency_objects(LoadProgress.FILE, last, fold)
    if not objections and isinstance(last.source.get("codes"), Mapping) and len(last.codes) < _CODES_MAX:
        objections += _codes_differ(LoadProgress.FILE, last.codes, fold)
    return objections


def result_objects(fold: RequestStats, result: Mapping[str, Any]) -> list[str]:
    """What a result in Fortio's format says otherwise than the rows: codes, the longest latency, and their sum."""
    objections: list[str] = []
    if isinstance(codes := result.get("Codes"), Mapping):
        objections += _codes_differ("load.json", codes, fold)
    if isinstance(statuses := result.get("RetCodes"), Mapping):
        stated = sum(
            whole(times) or 0 for status, times in statuses.items() if re.fullmatch("2[0-9][0-9]", status)
        )
        if stated != fold.ok:
            objections.append(f"load.json counts {stated} answers that are ok, and the rows {fold.ok}")
    longest_s, sum_s = (number(at(result, "DurationHistogram", key)) for key in ("Max", "Sum"))
    latencies = [cell.latencies for cell in fold.every_cell if cell.latencies]
    if longest_s is not None and latencies:
        counted_s = max(max(column) for column in latencies)
        if abs(longest_s - counted_s) > _ROUNDING_S:
            objections.append(
                f"the longest latency is {longest_s:.6f} s by load.json, and {counted_s:.6f} s by the rows"
            )
    if sum_s is not None and latencies:
        counted_s = math.fsum(math.fsum(column) for column in latencies)
        if abs(sum_s - counted_s) > _ROUNDING_S * fold.rows:
            objections.append(
                f"the latencies add up to {sum_s:.6f} s by load.json, and to {counted_s:.6f} s by the rows"
            )
    return objections + percentile_objects(fold, result)


def journal_objects_to_load(run: RunFolder) -> list[str]:
    """What the activities returned of the load, where load-plan.json and load-done.json say otherwise."""
    objections: list[str] = []
    for output in _outputs(run, "chaosproof.actions.load"):
        if "recorded" in output and run.load_done.given:
            objections += _differing(LoadDone.FILE, output, run.load_done.source, _DONE_KEYS)
        elif "rate_rps" in output and run.load_plan.given and output.get("name") == run.load_plan.name:
            objections += _differing(LoadPlan.FILE, output, run.load_plan.source, _PLAN_KEYS)
    return objections


def journal_objects_to_faults(run: RunFolder) -> list[str]:
    """What the activities returned of a fault, where its row in faults.jsonl says otherwise, or is not there."""
    rows = {text(row.get("id")): row for row in run.faults}
    objections: list[str] = []
    for module in ("chaosproof.actions.network", "chaosproof.actions.process"):
        for output in _outputs(run, module):
            if not text(output.get("id")) or number(output.get("applied_at")) is None:
                continue
            row = rows.get(output["id"])
            if row is None:
                objections.append(
                    f"the journal tells of a fault {output['id']} that faults.jsonl does not know"
                )
                continue
            keys = (*_FAULT_KEYS, *(_ENDED_KEYS if number(output.get("ended_at")) is not None else ()))
            objections += _differing("faults.jsonl", output, row, keys)
    return list(dict.fromkeys(objections))


def _codes_differ(file: str, stated: Mapping[str, Any], fold: RequestStats) -> list[str]:
    counted: Counter[str] = Counter()
    for cell in fold.every_cell:
        counted.update(cell.codes)
    return [
        f"{file} counts {code or '(no code)'} {whole(stated.get(code)) or 0} times, and the rows {counted[code]}"
        for code in sorted({*stated, *counted})
        if (whole(stated.get(code)) or 0) != counted[code]
    ]


def _differing(
    file: str, stated: Mapping[str, Any], kept: Mapping[str, Any], keys: tuple[str, ...]
) -> list[str]:
    return [
        f"the journal says {key} {stated[key]!s:.80}, and {file} {kept[key]!s:.80}"
        for key in keys
        if key in stated and key in kept and stated[key] != kept[key]
    ]


def _outputs(run: RunFolder, module: str) -> Iterator[Mapping[str, Any]]:
    """The objects that activities of `module` returned, alone or in a list."""
    for entry in run.journal.run:
        if entry.module == module:
            yield from mappings(entry.output) if sequence(entry.output) else (mapping(entry.output),)
