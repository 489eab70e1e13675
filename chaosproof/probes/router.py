"""Questions to the router stack: does it answer, what has the gateway answered, and what became of each request."""

from pathlib import Path
from typing import Any

from chaoslib.types import Configuration
from prometheus_client.parser import text_string_to_metric_families

from chaosproof.demo.plugin.absences import absences_of
from chaosproof.demo.plugin.client_program import run_client
from chaosproof.demo.router import CLIENT
from chaosproof.demo.router.request_ledger import (
    LEDGERS,
    Disruption,
    disruption_figures,
    fold_ledger,
    read_ledgers,
    window_figures,
)
from chaosproof.errors import ChaosproofError
from chaosproof.runfolder.faults import FaultRecord
from chaosproof.runfolder.readiness import ReadinessRow
from chaosproof.runner.settings import number, seconds
from chaosproof.targets import Target
from chaosproof.toolkit.current import session_of

__all__ = ["answers", "ask", "between", "disruptions", "ledger", "metric"]

_SOCKET = "/run/gateway.sock"


def ask(
    instance: str = "gateway-0",
    socket: str = _SOCKET,
    timeout_s: float = 10,
    configuration: Configuration = None,
) -> str:
    """Send one request through gateway, NATS and router and return its code: `ok`, or that of the error.

    Raises `ChaosproofError` when no answer comes.
    """
    limit_s = seconds("timeout_s", timeout_s)
    argv = [*CLIENT, "ask", "-s", socket, "--timeout", str(limit_s)]
    answer = run_client(session_of(configuration).target, instance, argv, timeout_s=limit_s + 10.0)
    return str(answer["code"])


def answers(instance: str = "gateway-0", configuration: Configuration = None) -> dict[str, int]:
    """How often the gateway has answered with each code so far, `ok` among them; codes it never used left out."""
    page = session_of(configuration).target.metrics(instance)
    return {
        sample.labels["code"]: int(sample.value)
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == "gateway_answers_total" and sample.value
    }


def metric(name: str, instance: str = "gateway-0", configuration: Configuration = None) -> float:
    """The value of the sample `name`, which has no labels, on the metrics page of `instance`.

    Raises `TargetError` when there is no page, `ChaosproofError` when the sample is not on it.
    """
    page = session_of(configuration).target.metrics(instance)
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == name and not sample.labels:
                return float(sample.value)
    raise ChaosproofError(f"{instance} has no metric {name!r} on its page.")


def ledger(
    service: str = "router",
    path: str = "/run/ledger/{instance}.ndjson",
    configuration: Configuration = None,
) -> dict[str, Any]:
    """What became of every request of the measured load, by the ledgers of both ends.

    `requests`, by fate `ok`, `error`, `timed_out`, `lost`, `not_sent`; `duplicates`, `executed`,
    `executed_again`, `late`, `ok_unexecuted`; latencies by code. `path` is where the instances of `service`
    write theirs; where none does, what needs it is null. Raises `LedgerError` without a client's ledger.
    """
    session = session_of(configuration)
    for instance in session.target.instances(service):
        _save_ledger(session.target, session.folder, instance.name, path.replace("{instance}", instance.name))
    return fold_ledger(*read_ledgers(session.folder))


def disruptions(
    instance: str = "nats-0", gone_code: str = "nats_unreachable", configuration: Configuration = None
) -> dict[str, Any]:
    """How the requests of the measured load fared around each time that `instance` went away and came back.

    See `chaosproof.demo.router.request_ledger.disruption_figures`. Raises `ChaosproofError` when it never went away.
    """
    folder = session_of(configuration).folder
    client, _ = read_ledgers(folder)
    absences = absences_of(folder / ReadinessRow.FILE, folder / FaultRecord.FILE, instance)
    return disruption_figures(client, [Disruption(*absence) for absence in absences], gone_code=gone_code)


def between(from_s: float = 0, to_s: float = 60, configuration: Configuration = None) -> dict[str, Any]:
    """How the requests fared that were due from `from_s` to `to_s` seconds after the first of the measured load.

    Returns `requests`, `ok`, `error_ratio` (null where none was due) and `codes`.
    """
    client, _ = read_ledgers(session_of(configuration).folder)
    return window_figures(client, number("from_s", from_s), number("to_s", to_s))


def _save_ledger(target: Target, run_dir: Path, instance: str, path: str) -> None:
    """Copy what `instance` wrote to `path` into the run folder, if it wrote anything there."""
    result = target.run(instance, ["cat", path], timeout_s=30.0, inside="program")
    if result.exit_code == 0:
        saved = run_dir / LEDGERS / f"{instance}.ndjson"
        saved.parent.mkdir(exist_ok=True)
        saved.write_text(result.stdout, encoding="utf-8")
