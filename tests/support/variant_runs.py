"""Runs of an experiment that declares a variant, and the comparison of its modes."""

from pathlib import Path

from chaosproof.compare.compare import Comparison, compare_runs
from tests.support.runs import Run, baseline_run, resilient_run

POOL1 = {"of": "resilient", "differs": "one channel instead of four", "variables": {"duration_s": 32}}
C07 = {
    "id": "C07",
    "claim": "a wider pool waits less during the fault",
    "in_order": ["resilient.windows.fault.p99_ms", "pool1.windows.fault.p99_ms"],
}


def declaring(run: Run, mode: str, pool: str) -> Run:
    """The run with an experiment that has the variant, and with the values that its mode was given."""
    extension = run.experiment["extensions"][0]
    extension["variants"], extension["compare"] = {"pool1": POOL1}, [*extension["compare"], C07]
    run.session["mode"] = run.session["variables"]["mode"] = mode
    resilient = {"RESILIENCE_ENABLED": "false" if mode == "baseline" else "true"}
    run.session["values"] = {"services": {"app-a": {"environment": {**resilient, "CHANNEL_POOL_SIZE": pool}}}}
    return run


def baseline() -> Run:
    return declaring(baseline_run(), "baseline", "1")


def resilient() -> Run:
    return declaring(resilient_run(), "resilient", "4")


def pool1() -> Run:
    """All that arrives during the fault waits 300 ms longer; the users notice, which is no concern of a variant."""
    run = declaring(resilient_run(), "pool1", "1")
    run.rows[:] = [row for row in run.rows if row[0] < 32 * 50]
    for row in run.rows[500:1000]:
        row[3] = f"{float(row[3]) + 0.3:.6f}"
    run.plan["duration_s"] = run.session["variables"]["duration_s"] = 32
    run.done["planned"] = len(run.rows)
    run.journal["steady_states"]["after"]["steady_state_met"] = False
    run.recount()
    return run


def compared(tmp_path: Path, *variants: Run) -> Comparison:
    folders = [run.write(tmp_path / f"run{n}") for n, run in enumerate((baseline(), resilient(), *variants))]
    return compare_runs(*folders)
