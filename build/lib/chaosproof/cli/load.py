"""`chaosproof load URL --rate 200 --duration 60s`: send a load by hand and see how its requests ended.

Try: chaosproof load http://127.0.0.1:8080/ --rate 50 --duration 5s
"""

import contextlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.load.duration import parse_duration
from chaosproof.load.generator import run_to_end
from chaosproof.load.output.fortio import fortio_result, save_fortio_result
from chaosproof.load.output.fortio_driver import run_fortio
from chaosproof.load.output.progress_view import ProgressView
from chaosproof.load.output.text_summary import summary_text
from chaosproof.load.plan import Plan
from chaosproof.load.plan_reader import plan_from_dict
from chaosproof.load.protocols.registry import find_protocols
from chaosproof.load.public_plan import public_plan
from chaosproof.runfolder.load import LoadDone, LoadPlan
from chaosproof.runfolder.requests import REQUESTS, read_rows

__all__ = ["load"]

_HELP = f"""Send requests to URL and show how they ended.

URL is {", ".join(sorted({protocol.url_form for protocol in find_protocols().values()}))}.
In the open model a request is due by the clock, whether or not earlier ones have come back, and its latency counts from
then.

Exit code 0: the load ran as planned; 1: more errors than --max-error-ratio; 2: it did not run as planned; 64: a wrong
call.
"""


@click.command(help=_HELP)
@click.argument("url")
@click.option("--rate", "rate_rps", help="Requests per second; `max` for no cap, in the closed model.")
@click.option("--duration", default="60s", show_default=True, help="How long to send, such as 60s or 1m30s.")
@click.option("--connections", default=50, show_default=True, help="Connections kept alive.")
@click.option(
    "--model", default="open", show_default=True, help="open: by the clock; closed: by the responses."
)
@click.option("--arrivals", default="constant", show_default=True, help="constant or poisson.")
@click.option("--seed", default=0, show_default=True, help="Of the poisson arrivals.")
@click.option("--timeout", default="10s", show_default=True, help="For each request.")
@click.option(
    "--stage",
    "stages",
    multiple=True,
    metavar="FROM:TO:DURATION",
    help="A step or ramp of the rate instead of --rate and --duration, such as 0:200:30s; may be repeated.",
)
@click.option("--method", default="GET", show_default=True, help="Of an HTTP request.")
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="May be repeated.")
@click.option("--body", default="", help="What the request carries; {seq} in it is its number.")
@click.option(
    "--cacert", "ca_file", type=click.Path(), help="Certificate authorities (PEM), not the system's."
)
@click.option("--insecure", is_flag=True, help="Do not verify the server's certificate.")
@click.option(
    "--success",
    multiple=True,
    metavar="CONDITION",
    help="What counts as served, such as 'json errors absent'; may be repeated.",
)
@click.option("--processes", default=1, show_default=True, help="Send from so many processes.")
@click.option("--name", default="load", show_default=True, help="Stands in the files.")
@click.option("--out", type=click.Path(path_type=Path), help="Keep the load's files in this folder.")
@click.option("--json", "as_json", is_flag=True, help="Print the result in Fortio's JSON format.")
@click.option(
    "--max-error-ratio", type=click.FloatRange(0, 1), help="Exit with 1 above this share of errors."
)
@click.option("--driver", default="chaosproof", show_default=True, help="chaosproof, or fortio where it is.")
@click.option("--max-duration", default="1h", show_default=True, help="The longest load that is allowed.")
def load(
    url: str,
    rate_rps: str | None,
    duration: str,
    timeout: str,
    stages: tuple[str, ...],
    headers: tuple[str, ...],
    insecure: bool,
    out: Path | None,
    as_json: bool,
    max_error_ratio: float | None,
    driver: str,
    max_duration: str,
    **settings: Any,
) -> None:
    """The command; `_HELP` is what a person reads of it."""
    try:
        plan = plan_from_dict(
            {
                "url": url,
                "rate_rps": None if rate_rps == "max" else rate_rps,
                "duration_s": parse_duration(duration, "--duration"),
                "timeout_s": parse_duration(timeout, "--timeout"),
                "stages": [_stage(stage) for stage in stages],
                "headers": [_header(header) for header in headers],
                "verify_tls": not insecure,
                **settings,
            },
            max_duration_s=parse_duration(max_duration, "--max-duration"),
        )
        error_ratio, as_planned = _send(plan, driver, out, as_json)
    except ChaosproofError as error:
        click.echo(f"chaosproof load: {error}", err=True)
        sys.exit(error.exit_code)
    if not as_planned:
        sys.exit(2)
    if max_error_ratio is not None and error_ratio > max_error_ratio:
        click.echo(f"error ratio {error_ratio:.4f} is above {max_error_ratio:g}", err=True)
        sys.exit(1)


def _send(plan: Plan, driver: str, out: Path | None, as_json: bool) -> tuple[float, bool]:
    """Send the load and print its result; the share of errors, and whether it ran as planned."""
    with contextlib.ExitStack() as stack:
        folder = out or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaosproof-load-")))
        if driver == "fortio":
            return _send_with_fortio(plan, folder)
        if driver != "chaosproof":
            raise UsageError(f"--driver {driver!r} is unknown; known are chaosproof, fortio")
        with ProgressView(plan, Console(stderr=True)) as view:
            done = run_to_end(plan, folder, on_progress=view.show, separate_process=True)
        record = LoadPlan.from_json(public_plan(plan.to_dict()))
        result = fortio_result(read_rows(folder / REQUESTS), record, done)
        if out is not None:
            save_fortio_result(folder, folder / "artifacts" / "load.json")
        click.echo(json.dumps(result, indent=2) if as_json else summary_text(result, done, record))
        return _error_ratio(done), bool(done.complete)


def _send_with_fortio(plan: Plan, folder: Path) -> tuple[float, bool]:
    result = run_fortio(plan, folder)
    click.echo(json.dumps(result, indent=2))
    calls = result["DurationHistogram"]["Count"]
    ok = sum(count for status, count in result["RetCodes"].items() if status.startswith("2"))
    return (1 - ok / calls if calls else 1.0), True


def _error_ratio(done: LoadDone) -> float:
    return (done.errors or 0) / done.recorded if done.recorded else 0.0


def _stage(text: str) -> dict[str, Any]:
    parts = text.split(":")
    if len(parts) != 3:
        raise UsageError(f"--stage {text!r} must read FROM:TO:DURATION, such as 0:200:30s")
    return {"from_rps": parts[0], "to_rps": parts[1], "duration_s": parse_duration(parts[2], "--stage")}


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise UsageError(f"--header {text!r} must read NAME:VALUE")
    return name.strip(), value.strip()


if __name__ == "__main__":
    load()
