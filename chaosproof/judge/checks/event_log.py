"""`events.ndjson` held to what it promises (format: `chaosproof.runfolder.events`): no row was changed, taken out or
put in, and it tells of the same run as the other files.

Whoever can rewrite all files of a folder can rewrite the chain as well: it proves that nothing was changed by
itself, by mistake, or in one file alone.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaosproof.json_access import as_object, flag, mapping, number, text
from chaosproof.judge.check import failed, unknown
from chaosproof.judge.checks.base import BuiltinCheck, Material
from chaosproof.judge.event_rules.session_in_log import begun_objects, ready_objects, saved_objects
from chaosproof.judge.findings import Findings
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.events import EVENTS, FIRST_PREVIOUS, ROW_BYTES_MAX, EventRow
from chaosproof.runfolder.manifest import raw_hashes
from chaosproof.runfolder.run_folder import RunFolder
from chaosproof.wording import counted

__all__ = ["Chain", "read_chain"]

_ID = "SYS_EVENTS"
_DIGEST_MARK = b', "sha256": "'
# a clock that is set right moves by less
_CLOCK_SLACK_S = 1.0


@dataclass(frozen=True)
class Chain:
    """The rows up to the first that is not as it was written; `broken` says which that is, `torn` that the last one
    was never finished.
    """

    rows: tuple[EventRow, ...]
    broken: str = ""
    torn: bool = False

    def of(self, what: str) -> list[Mapping[str, Any]]:
        """The data of the rows that say `what`."""
        return [row.data for row in self.rows if row.what == what]


def read_chain(path: Path) -> Chain:
    """Read and check the chain row by row. Raises OSError when the file cannot be read."""
    rows: list[EventRow] = []
    previous, last_at = FIRST_PREVIOUS, 0.0
    with path.open("rb") as file:
        while line := file.readline(ROW_BYTES_MAX + 1):
            where = f"row {len(rows)}"
            if not line.endswith(b"\n"):
                if len(line) > ROW_BYTES_MAX:
                    return Chain(tuple(rows), f"{where} has no end")
                return Chain(tuple(rows), torn=True)
            hashed, mark, digest = line.rstrip(b"\n").rpartition(_DIGEST_MARK)
            row = EventRow.from_json(as_object(line))
            if not mark or not row.given:
                return Chain(tuple(rows), f"{where} is no row of a log of events")
            if digest != hashlib.sha256(hashed + b"}").hexdigest().encode() + b'"}':
                return Chain(tuple(rows), f"{where} was changed after it was written")
            if row.seq != len(rows) or row.prev_sha256 != previous:
                return Chain(tuple(rows), f"{where} does not follow the one before it")
            if row.at is None or row.at < last_at - _CLOCK_SLACK_S:
                return Chain(tuple(rows), f"the clock went back before {where}")
            rows.append(row)
            previous, last_at = row.sha256, row.at
    return Chain(tuple(rows))


def _answer(material: Material) -> Check:
    """What was told while it happened is what the files tell. Without a log nothing is known of that."""
    run = material.run
    path = run.path / EVENTS
    if not path.exists():
        if run.session.source.get("events") is None:
            return unknown(_ID, "there is no log of events", EVENTS)
        return failed(_ID, "the session kept a log of events, and it is gone", f"session.json#{EVENTS}")
    try:
        chain = read_chain(path)
    except OSError as error:
        return unknown(_ID, f"{EVENTS} cannot be read: {error.strerror}", EVENTS)
    findings = Findings(_ID, EVENTS)
    if chain.broken:
        findings.wrong.append(chain.broken)
    else:
        _same_run(run, chain, findings)
        _as_saved(run, chain, findings)
        _as_journal(run, chain, findings)
        _as_faults(run, chain, findings)
    if chain.torn:
        findings.unclear.append("its last row is cut: the writer was killed while it wrote")
    return findings.check("the chain is whole, and tells of the run that the other files tell of")


def _same_run(run: RunFolder, chain: Chain, findings: Findings) -> None:
    begun = chain.of("session_begun")
    if len(begun) != 1 or chain.rows[0].what != "session_begun":
        findings.wrong.append(f"it tells of {len(begun)} sessions, and must begin with one")
        return
    if "session.json" in run.problems:
        findings.unclear.append(f"whether it tells of this run is not known; {run.missing('session.json')}")
        return
    findings.wrong.extend(begun_objects(run, begun[0]))
    for row in chain.rows:
        if row.what == "target_ready" and row.at is not None:
            findings.wrong.extend(ready_objects(run, row.data, row.at))


def _as_saved(run: RunFolder, chain: Chain, findings: Findings) -> None:
    saved = chain.of("saved")
    if not saved:
        findings.unclear.append("no row says that the run was saved")
        return
    findings.wrong.extend(saved_objects(run, saved[-1]))
    then = mapping(saved[-1].get("sha256"))
    now = raw_hashes(run.path, without=EVENTS)
    for name in sorted({*then, *now}):
        if name not in now:
            findings.wrong.append(f"{name} was there when the run was saved, and is gone")
        elif name not in then:
            findings.wrong.append(f"{name} was not there when the run was saved")
        elif then[name] != now[name]:
            findings.wrong.append(f"{name} is not as it was when the run was saved")


def _as_journal(run: RunFolder, chain: Chain, findings: Findings) -> None:
    """Each activity and each measurement of the hypothesis ended as often, and so, in the one as in the other."""
    measured = run.journal.measured
    probes = (probe for state in measured for probe in state.probes)
    journal = Counter((e.name, e.status) for e in (*run.journal.run, *run.journal.rollbacks, *probes))
    seen = Counter((text(row.get("name")), text(row.get("status"))) for row in chain.of("activity_ended"))
    for name, status in sorted({*journal, *seen}):
        findings.wrong += _differ(f"{name!r} {status!r}", journal[name, status], seen[name, status])
    met = Counter(state.steady_state_met for state in measured)
    seen_met = Counter(flag(row.get("met")) for row in chain.of("hypothesis_ended"))
    for value, label in ((True, "met"), (False, "not met"), (None, "neither met nor not")):
        findings.wrong += _differ(f"the hypothesis {label!r}", met[value], seen_met[value])


def _differ(label: str, journal: int, seen: int) -> list[str]:
    if journal == seen:
        return []
    return [
        f"the journal says of {label} {counted(journal, 'time')}, and the log of events {counted(seen, 'time')}"
    ]


def _as_faults(run: RunFolder, chain: Chain, findings: Findings) -> None:
    """The ledger has each fault as it was when it went on, and when it was seen to have ended."""
    ledger = {text(row.get("id")): row for row in run.faults}
    for what, since, keys in (
        ("fault_on", "applied_at", ("kind", "instance", "backend", "applied_at")),
        ("fault_off", "ended_at", ("ended_at", "ended_by", "packets")),
    ):
        seen = {text(row.get("id")): row for row in chain.of(what)}
        recorded = {id for id, row in ledger.items() if row.get(since) is not None}
        for id in sorted({*seen, *recorded}):
            row, event = ledger.get(id, {}), seen.get(id, {since: None})
            for key in keys:
                if key in event and not _follows(key, event, row):
                    findings.wrong.append(
                        f"faults.jsonl has {key} {row.get(key)} for {id}, and the log of events {event[key]}"
                    )


def _follows(key: str, event: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether the row of a fault may have this once its event was recorded: the observer of one that was healed adds
    what it counted to the end.
    """
    then, now = event[key], row.get(key)
    if key == "packets" and row.get("ended_by") == "heal":
        return (number(now) or 0.0) >= (number(then) or 0.0)
    return bool(then == now) or (key == "ended_by" and now == "heal")


CHECK = BuiltinCheck(
    id=_ID,
    position=130,
    title="Is the log of events whole, and does it agree with the other files?",
    next_step="believe none of these files; do the run anew: {again}",
    answer=_answer,
)
