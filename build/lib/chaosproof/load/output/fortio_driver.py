"""Runs the real Fortio instead of our own generator, where it is on the PATH: its result is the same load.json."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError, UsageError, readable_os_errors
from chaosproof.load.plan import Plan

__all__ = ["fortio_argv", "run_fortio"]


def fortio_argv(plan: Plan, result: Path) -> list[str]:
    """The command line that makes Fortio run `plan`; raises `UsageError` for what Fortio cannot do."""
    if plan.protocol != "http":
        raise UsageError(f"--driver fortio sends HTTP only, not {plan.url}")
    if plan.model != "closed" or plan.arrivals != "constant" or plan.stages:
        raise UsageError(
            "--driver fortio knows the closed model with one constant rate only: add --model closed"
        )
    if plan.success:
        raise UsageError("--driver fortio counts by status only: leave --success out, or --driver")
    rate = "0" if plan.rate_rps is None else f"{plan.rate_rps:g}"
    argv = ["fortio", "load", "-qps", rate, "-c", str(plan.connections), "-t", f"{plan.duration_s:g}s"]
    argv += ["-timeout", f"{plan.timeout_s:g}s", "-p", "50,75,90,95,99,99.9", "-labels", plan.name]
    # Without this it ends at the first status that is not 200, or connection that fails.
    argv += ["-allow-initial-errors", "-json", str(result)]
    for name, value in plan.headers:
        argv += ["-H", f"{name}: {value}"]
    if plan.method != "GET":
        argv += ["-X", plan.method]
    if plan.body:
        try:
            argv += ["-payload", plan.body.decode()]
        except UnicodeDecodeError:
            raise UsageError("--driver fortio sends a text body only") from None
    if plan.ca_file:
        argv += ["-cacert", plan.ca_file]
    if not plan.verify_tls:
        argv.append("-k")
    return [*argv, plan.url]


def run_fortio(
    plan: Plan, out_dir: Path, *, which: Callable[[str], str | None] = shutil.which
) -> dict[str, Any]:
    """Run Fortio to its end; its result stands in `out_dir`/artifacts/load.json and is returned.

    Fortio records no single requests: a load sent by it has no requests.csv.gz.
    """
    result = out_dir / "artifacts" / "load.json"
    argv = fortio_argv(plan, result)
    program = which("fortio")
    if program is None:
        raise ChaosproofError(
            "--driver fortio needs the program fortio on the PATH, and there is none: "
            "install it, or leave the option out to use the built-in generator"
        )
    with readable_os_errors(f"cannot write {result.parent}"):
        result.parent.mkdir(parents=True, exist_ok=True)
    limit_s = plan.duration_s + 2 * plan.timeout_s + 30
    try:
        ended = subprocess.run(
            [program, *argv[1:]], capture_output=True, text=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ChaosproofError(f"fortio had not ended {limit_s:g} s after its start") from error
    if ended.returncode != 0:
        lines = ended.stderr.strip().splitlines() or ["nothing"]
        raise ChaosproofError(f"fortio ended with exit code {ended.returncode} and said: {lines[-1]}")
    try:
        content: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ChaosproofError(f"fortio left no readable result in {result}: {error}") from error
    return content
