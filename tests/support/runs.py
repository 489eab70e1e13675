"""A run of s4 as it would have been, file by file: true in every detail, so that a lie can be told alone."""

import gzip
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from chaosproof.runfolder.events import EVENTS, fault_listener, record_event
from chaosproof.runfolder.manifest import raw_hashes
from chaosproof.runfolder.provenance import experiment_sha256
from chaosproof.runfolder.session import begun_data

COUNTER = {"metric": "answers_total", "label": "code"}
T0 = 1_800_000_000.0
LOAD_AT = T0 + 10
RATE_RPS = 50
DURATION_S = 40
FAULT_AT = LOAD_AT + 10
FAULT_S = 10
FAULT_END = FAULT_AT + FAULT_S
ENDED_AT = LOAD_AT + DURATION_S + 5
INSTANCES = ("app-a-0", "app-a-1", "app-b-0", "app-b-1", "app-b-2")
AS_IT_IS = "the fingerprint of the experiment, whatever a test makes of it"
HEADER = "seq,due_at,sent_at,done_at,status,code,instance,attempts"


@dataclass
class Run:
    """Every file of the run as data that a test may bend before `write`; `without`: files to leave out."""

    session: dict[str, Any]
    journal: dict[str, Any]
    plan: dict[str, Any]
    done: dict[str, Any]
    rows: list[list[Any]]
    faults: list[dict[str, Any]]
    readiness: list[dict[str, Any]]
    series: dict[str, Any]
    artifacts: dict[str, str]
    progress: list[dict[str, Any]] = field(default_factory=list)
    without: set[str] = field(default_factory=set)
    raw: dict[str, bytes] = field(default_factory=dict)

    @property
    def experiment(self) -> dict[str, Any]:
        return self.journal["experiment"]

    @property
    def fault(self) -> dict[str, Any]:
        return self.faults[0]

    def claim(self, **claim: Any) -> None:
        """Add one of the experiment's own checks."""
        self.experiment["extensions"][0]["checks"].append({"id": "C90", "claim": "it holds"} | claim)

    def apart(self, number: int) -> "Run":
        """The same in another run: it began so many microseconds later, and so did its first request."""
        self.session["started_at"] += number / 1e6
        self.rows[0][1:4] = [f"{float(instant) + number / 1e6:.6f}" for instant in self.rows[0][1:4]]
        return self

    def recount(self) -> None:
        """Make load-done.json, load-progress.ndjson and load.json agree with the rows again."""
        ok = sum(1 for row in self.rows if 200 <= row[4] < 300)
        self.done |= {"recorded": len(self.rows), "ok": ok, "errors": len(self.rows) - ok}
        self.progress[:] = _progress(self.rows)
        if "load.json" in self.artifacts:
            self.artifacts["load.json"] = fortio(len(self.rows))

    def files(self) -> dict[str, bytes]:
        """Every file of the folder by name."""
        if self.session.get("experiment_sha256") == AS_IT_IS:
            self.session["experiment_sha256"] = experiment_sha256(self.experiment)
        files = {
            "session.json": _json(self.session),
            "journal.json": _json(self.journal),
            "load-plan.json": _json(self.plan),
            "load-done.json": _json(self.done),
            "load-progress.ndjson": _lines(self.progress),
            "requests.csv.gz": requests_gz(self.rows),
            "faults.jsonl": _lines(self.faults),
            "readiness.ndjson": _lines(self.readiness),
            "series.json": _json(self.series),
            **{f"artifacts/{name}": text.encode() for name, text in self.artifacts.items()},
        }
        return {name: data for name, data in (files | self.raw).items() if name not in self.without}

    def write(self, folder: Path) -> Path:
        for name, data in self.files().items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if EVENTS not in self.without:
            # a session waits for the disk after each event; what is made up need not outlast a power cut
            with patch("os.fdatasync"):
                self._log_events(folder)
        return folder

    def _log_events(self, folder: Path) -> None:
        """The log of events that a session with these files would have left."""
        (folder / EVENTS).unlink(missing_ok=True)
        record_event(folder, "session_begun", begun_data(self.session), at=T0)
        listen = fault_listener(folder, at=T0)
        for fault in self.faults:
            listen(fault)
        states = self.journal.get("steady_states", {})
        measured = [state for when in ("before", "after") if (state := states.get(when))]
        measured += states.get("during") or []
        for state in measured:
            record_event(folder, "hypothesis_ended", {"met": state["steady_state_met"]}, at=T0)
        probes = [probe for state in measured for probe in state["probes"]]
        for entry in (*self.journal.get("run", ()), *self.journal.get("rollbacks", ()), *probes):
            said = {"name": entry.get("activity", {}).get("name"), "status": entry.get("status")}
            record_event(folder, "activity_ended", said, at=T0)
        saved = {
            "ended_at": self.session.get("ended_at"),
            "sha256": dict(raw_hashes(folder, without=EVENTS)),
        }
        record_event(folder, "saved", saved, at=ENDED_AT)


def resilient_run() -> Run:
    """Two requests of 2,000 fail, then the instance that was hit takes no more until it is ready again."""
    rows = []
    for seq in range(RATE_RPS * DURATION_S):
        due = LOAD_AT + seq / RATE_RPS
        hit = FAULT_AT <= due < FAULT_END + 0.4
        failed = seq in (500, 502)
        instance = "app-a-0" if failed or (seq % 2 == 0 and not hit) else "app-a-1"
        rows.append(
            _row(seq, due, 0.006 + (seq % 7) / 1000, instance, "UNAVAILABLE" if failed else "SUCCESS")
        )
    readiness = [
        {"at": FAULT_AT + 0.05, "instance": "app-a-0", "event": "not_ready", "detail": ""},
        {"at": FAULT_END + 0.3, "instance": "app-a-0", "event": "ready", "detail": ""},
    ]
    return _run("resilient", rows, readiness, met=True)


def baseline_run() -> Run:
    """Every request to the hit instance fails, until two seconds after the fault."""
    rows = []
    for seq in range(RATE_RPS * DURATION_S):
        due = LOAD_AT + seq / RATE_RPS
        instance = f"app-a-{seq % 2}"
        failed = FAULT_AT <= due < FAULT_END + 2 and instance == "app-a-0"
        rows.append(
            _row(seq, due, 0.006 + (seq % 7) / 1000, instance, "UNAVAILABLE" if failed else "SUCCESS")
        )
    return _run("baseline", rows, [], met=False)


def disturbed(run: Run, began_at: float, lasted_s: float, **words: float) -> Run:
    """The run with an activity that saw app-b end a disturbance that it was asked for."""
    state = {"disturbance": {**words, "duration_s": lasted_s}, "began_at": began_at, "lasted_s": lasted_s}
    wait = activity("app-b is itself again", "chaosproof.actions.app", "wait_until_ended", service="app-b")
    output = {"began_at": began_at, "lasted_s": lasted_s, "instances": {"app-b-0": state}}
    run.experiment["method"].append(wait)
    run.journal["run"].append(ran(wait, output))
    return run


def of_one_experiment(*runs: Run) -> None:
    """The runs of a comparison are of one experiment: what a test bent of its claims in one of them holds in all."""
    as_it_was = resilient_run().experiment["extensions"][0]
    for key in ("checks", "compare"):
        claims = [run.experiment["extensions"][0][key] for run in runs]
        bent = next((those for those in claims if those != as_it_was[key]), as_it_was[key])
        for run in runs:
            run.experiment["extensions"][0][key] = bent


def requests_gz(rows: list[list[Any]], member_rows: int = 100) -> bytes:
    """The rows as the load generator writes them: the header and every 100 rows a gzip member each."""
    lines = [",".join("" if cell is None else str(cell) for cell in row) + "\n" for row in rows]
    texts = [HEADER + "\n", *("".join(lines[i : i + member_rows]) for i in range(0, len(lines), member_rows))]
    return b"".join(gzip.compress(text.encode(), compresslevel=1, mtime=0) for text in texts)


def fortio(count: int, started_at: float = LOAD_AT) -> str:
    start = datetime.fromtimestamp(started_at, UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"RunType": "HTTP", "StartTime": start, "DurationHistogram": {"Count": count}})


def metrics(instance: str, started_at: float = T0 + 1.5) -> str:
    return f'process_start_time_seconds {started_at}\nup{{instance="{instance}"}} 1\n'


def activity(name: str, module: str, func: str, **arguments: Any) -> dict[str, Any]:
    return {
        "type": "probe" if ".probes." in f".{module}" else "action",
        "name": name,
        "provider": {"type": "python", "module": module, "func": func, "arguments": arguments},
    }


def ran(what: dict[str, Any], output: Any = None) -> dict[str, Any]:
    """What the toolkit records of an activity that succeeded."""
    return {
        "activity": what,
        "output": output,
        "start": "2026-11-21T22:08:46+00:00",
        "status": "succeeded",
        "end": "2026-11-21T22:08:46.100000+00:00",
        "duration": 0.1,
    }


def _row(seq: int, due: float, latency_s: float, instance: str, code: str) -> list[Any]:
    status = 200 if code == "SUCCESS" else 503
    done = due + latency_s
    return [seq, f"{due:.6f}", f"{due + 0.0002:.6f}", f"{done:.6f}", status, code, instance, 1]


def _progress(rows: list[list[Any]]) -> list[dict[str, Any]]:
    """What the load says of itself twice a second, until all of these rows have ended."""
    ended = sorted(((float(row[3]), row[4], row[5]) for row in rows), key=lambda row: row[0])
    said: list[dict[str, Any]] = []
    ok, codes = 0, Counter[str]()
    tick_at = ended[0][0] + 0.5 if ended else LOAD_AT
    for done, (at, status, code) in enumerate(ended):
        while at > tick_at and len(said) < 4 * DURATION_S:
            said.append(_progress_row(tick_at, done, ok, codes))
            tick_at += 0.5
        ok += 200 <= status < 300
        codes[code] += 1
    said.append(_progress_row(ended[-1][0] if ended else LOAD_AT, len(ended), ok, codes))
    return said


def _progress_row(at: float, done: int, ok: int, codes: Counter[str]) -> dict[str, Any]:
    counts = {"due": done, "sent": done, "done": done, "ok": ok, "errors": done - ok}
    return {"at": at, "t_s": at - LOAD_AT, **counts, "codes": dict(codes)}


def _run(mode: str, rows: list[list[Any]], readiness: list[dict[str, Any]], *, met: bool) -> Run:
    ratio = sum(1 for row in rows if row[4] != 200) / len(rows)
    probe = activity("the error ratio stays below 5 %", "chaosproof.probes.load", "error_ratio") | {
        "tolerance": [0, 0.05]
    }
    method = [
        activity("measured load", "chaosproof.actions.load", "run", rate_rps="${rate_rps}")
        | {"background": True},
        activity(
            "reset", "chaosproof.actions.network", "reset", duration_s="${fault_duration_s}", port=50051
        ),
        activity("hold", "chaosproof.probes.load", "wait"),
    ]
    rollback = activity("heal", "chaosproof.actions.network", "heal")
    experiment = {
        "title": "Connections of one app-a are reset: does it heal?",
        "configuration": {},
        "extensions": [{"name": "chaosproof", "checks": _CLAIMS, "compare": _COMPARE}],
        "steady-state-hypothesis": {"title": "few errors", "probes": [probe]},
        "method": method,
        "rollbacks": [rollback],
        "runtime": {"rollbacks": {"strategy": "always"}},
    }
    experiment = json.loads(json.dumps(experiment))
    started = [
        {"at": T0 + 1 + n / 10, "instance": name, "event": event, "detail": ""}
        for name in INSTANCES
        for n, event in enumerate(("started", "ready"))
    ]
    after = ran(probe, ratio) | {"tolerance_met": met}
    run = Run(
        session={
            "schema_version": 1,
            "experiment": "s4",
            "title": experiment["title"],
            "experiment_file": "experiments/s4.json",
            "experiment_sha256": AS_IT_IS,
            "mode": mode,
            "target": "local",
            "started_at": T0,
            "ready_at": T0 + 2,
            "ended_at": ENDED_AT,
            "complete": True,
            "interrupted": None,
            "events": EVENTS,
            "variables": {
                "mode": mode,
                "rate_rps": RATE_RPS,
                "duration_s": DURATION_S,
                "fault_at_s": 10,
                "fault_duration_s": FAULT_S,
                "fault_instance": "app-a-0",
                "error_ratio_max": 0.05,
            },
            "seed": 7,
            "commit": "c" * 40,
            "dirty": False,
            "kernel": "6.1",
            "hostname": "here",
            "instances": [
                {"name": n, "service": n[:-2], "address": f"10.0.0.{i}"} for i, n in enumerate(INSTANCES)
            ],
            "states": {
                n: {"alive": True, "ready": True, "restarts": 0, "deaths": 0, "stops": 0} for n in INSTANCES
            },
            "expected_artifacts": [
                "load.json",
                *(f"app-a-{n}.{kind}" for n in (0, 1) for kind in ("prom", "log")),
                *(f"app-b-{n}.metrics" for n in (0, 1, 2)),
            ],
        },
        journal={
            "chaoslib-version": "1.44.0",
            "experiment": experiment,
            "status": "completed",
            "deviated": not met,
            "steady_states": {
                "before": {"steady_state_met": True, "probes": [ran(probe, 0.0) | {"tolerance_met": True}]},
                "after": {"steady_state_met": met, "probes": [after]},
                "during": [],
            },
            "run": [
                ran(method[0], {"rate_rps": RATE_RPS}),
                ran(method[1], {"instance": "app-a-0", "packets": 412}),
                ran(method[2], 40.0),
            ],
            "rollbacks": [ran(rollback, {"healed": 0})],
        },
        plan={
            "name": "measured",
            "url": "http://10.0.0.10:8080/api/work",
            "protocol": "http",
            "model": "open",
            "arrivals": "constant",
            "rate_rps": RATE_RPS,
            "connections": 20,
            "duration_s": DURATION_S,
            "timeout_s": 10,
            "seed": 7,
        },
        done={
            "name": "measured",
            "planned": len(rows),
            "started_at": LOAD_AT,
            "ended_at": LOAD_AT + DURATION_S,
            "complete": True,
            "rate_rps": RATE_RPS,
            "stopped_by": None,
        },
        rows=rows,
        faults=[
            {
                "id": "f1",
                "kind": "reset",
                "instance": "app-a-0",
                "backend": "nft",
                "fidelity": "kernel expiry",
                "selector": {"protocol": "tcp", "port": 50051, "port_side": "destination", "peer": "app-b"},
                "direction": "egress",
                "planned_s": FAULT_S,
                "planned_at": FAULT_AT - 0.01,
                "applied_at": FAULT_AT,
                "expires_at": FAULT_END,
                "ended_at": FAULT_END + 0.02,
                "ended_by": "kernel",
                "packets": 412,
                "canary": {"before": "open", "during": "refused", "after": "open"},
                "healed": False,
                "error": None,
            }
        ],
        readiness=started + readiness,
        series={
            "step_s": 1,
            "series": [
                {
                    "metric": {"__name__": "a_downstream_inflight", "instance": f"app-a-{n}"},
                    "values": [[LOAD_AT + t, str(value)] for t, value in enumerate((0, 3 + n, 1))],
                }
                for n in (0, 1)
            ],
        },
        artifacts={
            "load.json": "",
            **{f"app-a-{n}.prom": metrics(f"app-a-{n}") for n in (0, 1)},
            **{f"app-a-{n}.log": json.dumps({"at": T0 + 1.5, "event": "started"}) + "\n" for n in (0, 1)},
            **{f"app-b-{n}.metrics": metrics(f"app-b-{n}") for n in (0, 1, 2)},
        },
    )
    run.recount()
    return run


_CLAIMS = [
    {
        "id": "C05",
        "claim": "the hit instance answers a burst of UNAVAILABLE",
        "figure": "per_instance.${fault_instance}.codes.UNAVAILABLE",
        "at_least": 100,
        "default": 0,
        "modes": ["baseline"],
    },
    {
        "id": "C05r",
        "claim": "the hit instance answers UNAVAILABLE a few times at most",
        "figure": "per_instance.${fault_instance}.codes.UNAVAILABLE",
        "at_most": 21,
        "default": 0,
        "modes": ["resilient"],
    },
    {
        "id": "C08",
        "claim": "few requests fail",
        "figure": "load.error_ratio",
        "at_most": "${error_ratio_max}",
    },
]

_COMPARE = [
    {
        "id": "C06",
        "claim": "the resilient system recovers faster",
        "in_order": ["resilient.recovery_s", "baseline.recovery_s"],
    },
]


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


def _lines(values: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def counting(run: Run, **more: float) -> None:
    """Both app-a count what they answered, and `more` of it."""
    run.experiment["extensions"][0]["answers_counted_by"] = COUNTER
    for name in ("app-a-0", "app-a-1"):
        codes = Counter(row[5] for row in run.rows if row[6] == name)
        lines = [
            f'answers_total{{code="{code}",x="1"}} {n + more.get(code, 0)}\n' for code, n in codes.items()
        ]
        run.artifacts[f"{name}.prom"] = metrics(name) + 'other_total{code="SUCCESS"} 1e9\n' + "".join(lines)
