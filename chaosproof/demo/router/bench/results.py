"""The folder of `bench all`: a text file per benchmark, a summary for machines and one for people."""

import contextlib
import importlib.metadata
import itertools
import json
import os
import platform
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chaosproof.demo.router.bench.frames import BenchError
from chaosproof.demo.router.bench.outcome import Outcome, text_of

__all__ = ["new_folder", "summary_of", "write_results"]


def new_folder(parent: Path, now: float) -> Path:
    """Make `parent/<UTC stamp>`, of which this call is the only owner; `BenchError` when the disk will not."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for number in itertools.count(1):
            folder = parent / (stamp if number == 1 else f"{stamp}-{number}")
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
                break
    except OSError as error:
        raise BenchError(f"Cannot make a folder in {parent}: {error.strerror}.") from error
    return folder


def summary_of(outcomes: Sequence[Outcome], *, started_at: float, ended_at: float) -> dict[str, Any]:
    """summary.json: `gate_pass`, every threshold with its value, and all figures. Pure."""
    thresholds = [
        {
            "benchmark": outcome.name,
            "figure": limit.figure,
            "at_most": limit.at_most,
            "at_least": limit.at_least,
            "value": outcome.figures.get(limit.figure),
            "pass": not outcome.error and limit.holds(outcome.figures[limit.figure]),
        }
        for outcome in outcomes
        for limit in outcome.limits
    ]
    return {
        "schema_version": 1,
        "gate_pass": bool(outcomes) and all(outcome.exit_code == 0 for outcome in outcomes),
        "started_at": started_at,
        "ended_at": ended_at,
        "thresholds": thresholds,
        "benchmarks": {
            outcome.name: {
                "asked": outcome.workload,
                "exit_code": outcome.exit_code,
                "error": outcome.error or None,
                "figures": dict(outcome.figures),
                "notes": list(outcome.notes),
            }
            for outcome in outcomes
        },
    }


def write_results(folder: Path, summary: Mapping[str, Any], outcomes: Sequence[Outcome], socket: str) -> None:
    """Write every file of the folder; `BenchError` when one cannot be written."""
    for outcome in outcomes:
        _write(folder / f"{outcome.name}.txt", text_of(outcome))
    rows = "".join(f"{outcome.name}\t{outcome.exit_code}\n" for outcome in outcomes)
    _write(folder / "exit_codes.tsv", "benchmark\texit_code\n" + rows)
    _write(folder / "meta.env", "".join(f"{key}={value}\n" for key, value in _surroundings(socket).items()))
    commit, changes = _git("rev-parse", "HEAD"), _git("status", "--porcelain")
    _write(
        folder / "meta.git",
        f"commit={commit or 'unknown'}\ndirty={'true' if commit and changes else 'false'}\n",
    )
    _write(folder / "summary.md", _markdown(summary))
    _write(folder / "summary.json", json.dumps(summary, indent=2, ensure_ascii=False) + "\n")


def _write(path: Path, content: str) -> None:
    """Write by renaming a finished file, so that a reader finds it whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(content, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise BenchError(f"Cannot write {path}: {error.strerror}.") from error


def _version() -> str:
    try:
        return importlib.metadata.version("chaosproof")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"  # an image holds the modules alone


def _git(*arguments: str) -> str:
    """What git prints, stripped; empty outside of a repository."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _surroundings(socket: str) -> dict[str, object]:
    load = os.getloadavg()
    return {
        "CHAOSPROOF_VERSION": _version(),
        "PYTHON_VERSION": platform.python_version(),
        "KERNEL": platform.release(),
        "MACHINE": platform.machine(),
        "CPU_COUNT": os.cpu_count(),
        "LOAD_1_MIN": f"{load[0]:.2f}",
        "IPC_SOCKET_PATH": socket,
    }


def _markdown(summary: Mapping[str, Any]) -> str:
    lines = [
        "# IPC benchmarks",
        "",
        f"Gate: **{'pass' if summary['gate_pass'] else 'fail'}**",
        "",
        "| benchmark | figure | limit | value | |",
        "|---|---|---:|---:|---|",
    ]
    for row in summary["thresholds"]:
        sign, bound = ("<=", row["at_most"]) if row["at_least"] is None else (">=", row["at_least"])
        value = "-" if row["value"] is None else f"{row['value']:,g}"
        lines.append(
            f"| {row['benchmark']} | {row['figure']} | {sign} {bound:,g} | {value} "
            f"| {'pass' if row['pass'] else 'fail'} |"
        )
    lines += [
        "",
        "| benchmark | requests/s | p50 us | p95 us | p99 us | max us |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, benchmark in summary["benchmarks"].items():
        figures = benchmark["figures"]
        if "rate_rps" in figures:
            cells = [f"{figures[key]:,g}" for key in ("rate_rps", "p50_us", "p95_us", "p99_us", "max_us")]
            lines.append(f"| {name} | {' | '.join(cells)} |")
        elif benchmark["error"]:
            lines.append(f"| {name} | {json.dumps(benchmark['error'])} | | | | |")
    return "\n".join(lines) + "\n"
