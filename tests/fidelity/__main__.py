"""Measures the fidelity table on this kernel, and writes it and its page anew: `./run test --fidelity`.

python -m tests.fidelity [--only SUBJECT]... [--missing] [--at-once N] [--fault-s S] [--kernel VMLINUZ]
"""

import argparse
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

from chaosproof.faults.backends.base import Capabilities
from chaosproof.faults.doctor import capabilities
from tests.faults.netns_target import NetnsTarget

from .causes import CAUSES
from .kernel import measure_in_kernel
from .measure import measure_cause, measure_trial
from .page import page
from .record import FOLDER, Key, Measurement, Row, read_measurement, write_measurement
from .room import Pace
from .trials import CONNECTIONS, FAMILIES, trials, unmeasured

__all__ = ["main"]

_KEPT_EACH = 10
_AT_LEAST_S = 600.0

_VERSIONS = {
    "nft": ["nft", "--version"],
    "iptables": ["iptables", "--version"],
    "iproute2": ["ss", "--version"],
    "Python": ["/usr/bin/python3", "--version"],
}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run test --fidelity")
    parser.add_argument("--only", action="append", default=[], metavar="SUBJECT", help="a kind, or a cause")
    parser.add_argument(
        "--missing", action="store_true", help="what this kernel's table has not yet, or failed"
    )
    parser.add_argument("--at-once", type=int, default=8, help="rooms that are open at once")
    for field in fields(Pace):
        name = f"--{field.name.replace('_', '-')}"
        parser.add_argument(name, type=float, default=field.default, help="seconds; see Pace")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument(
        "--kernel", type=Path, help="measure in that kernel instead, emulated (see kernel.py)"
    )
    parser.add_argument("--inside", action="store_true", help="leave the page to who started this kernel")
    parser.add_argument("--where", default="this machine", help="what the kernel runs on, for the page")
    options = parser.parse_args(arguments)
    if options.kernel:
        more = [word for name in options.only for word in ("--only", name)]
        code = measure_in_kernel(options.kernel, [*more, *(["--missing"] if options.missing else [])])
        _write_page()
        return code
    pace = Pace(*(getattr(options, field.name) for field in fields(Pace)))
    began = time.monotonic()
    path = options.folder / f"{platform.release()}.json"
    old = read_measurement(path) if (options.only or options.missing) and path.exists() else None
    done_before = {row.trial for row in old.rows if not row.failed} if old and options.missing else set()
    jobs, rows = _jobs(_known(), pace, options.only, done_before)

    def write() -> None:
        trials_again, again = {row.trial for row in rows}, {row.subject for row in rows}
        kept = [
            row
            for row in (old.rows if old else ())
            if (row.trial not in trials_again if options.missing else row.subject not in again)
        ]
        took_s = round(time.monotonic() - began, 1)
        if old:
            took_s = round(old.took_s + took_s, 1) if options.missing else old.took_s
        measured = Measurement(platform.release(), options.where, _versions(), took_s, [*rows, *kept])
        write_measurement(measured, options.folder)

    with ThreadPoolExecutor(options.at_once) as pool:
        for done, measured in enumerate(pool.map(lambda job: job(), jobs), 1):
            rows += measured
            first = measured[0]
            print(f"{done}/{len(jobs)} {' '.join(first.trial)} {first.problem}", file=sys.stderr, flush=True)
            # an emulated kernel takes an hour: what there is, is kept
            if done % _KEPT_EACH == 0:
                write()
    write()
    print(f"{len(rows)} rows in {time.monotonic() - began:.0f} s: {path}")
    if options.folder == FOLDER and not options.inside:
        _write_page()
    failed = [row for row in rows if row.failed]
    for row in failed:
        print(f"*** {' '.join(row.key)}: {row.problem}")
    return 1 if failed else 0


def _write_page() -> None:
    (FOLDER.parent / "fidelity.md").write_text(page(), encoding="utf-8")


def _jobs(
    known: Capabilities, pace: Pace, only: Sequence[str], done_before: Collection[Key]
) -> tuple[list[Callable[[], list[Row]]], list[Row]]:
    """What is to be measured, and the rows of what is not."""
    jobs: list[Callable[[], list[Row]]] = []
    rows: list[Row] = []
    for trial in trials(known):
        if only and trial.subject not in only and trial.subject.split()[0] not in only:
            continue
        if (trial.subject, trial.backend, trial.place, trial.protocol) in done_before:
            continue
        if trial.problem:
            rows += unmeasured(trial)
        else:
            jobs.append(lambda trial=trial: measure_trial(trial, known, pace))
    for cause in CAUSES:
        for protocol in cause.protocols:
            if (only and cause.name not in only) or (cause.name, "", "", protocol) in done_before:
                continue
            if cause.needs and (lack := known.lack(cause.needs)):
                rows += [
                    Row(cause.name, protocol, family, connection, problem=lack)
                    for family in FAMILIES
                    for connection in CONNECTIONS[protocol]
                ]
            else:
                jobs.append(lambda cause=cause, protocol=protocol: measure_cause(cause, protocol, pace))
    return jobs, rows


def _known() -> Capabilities:
    with NetnsTarget(clients=1, servers=1, ends_within_s=_AT_LEAST_S) as room:
        return capabilities(
            lambda argv, *, stdin="", timeout_s=10.0: room.run(
                "client-0", argv, stdin=stdin, timeout_s=max(timeout_s, _AT_LEAST_S)
            )
        )


def _versions() -> dict[str, str]:
    versions = {}
    for name, argv in _VERSIONS.items():
        done = subprocess.run(argv, capture_output=True, text=True)
        text = (done.stdout or done.stderr).strip()
        versions[name] = next(
            (word for word in text.replace(",", " ").split() if any(map(str.isdigit, word))), "?"
        )
    return versions


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
