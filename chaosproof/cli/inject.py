"""`chaosproof inject`: one fault by hand, on a lab that is up, or on a container or process that runs already.

chaosproof lab up system.yaml --mode resilient
chaosproof inject reset --instance shop-0 --port 50051 --duration 15s
chaosproof inject reset --container shop --port 50051 --duration 15s
chaosproof inject reset --pid 1234 --port 50051 --duration 15s
chaosproof inject --like "peer process killed" --instance shop-0 --port 50051 --duration 15s
"""

import json
import sys
import time
from typing import Any, get_args

import click

from chaosproof.errors import EXIT_CODES, UsageError
from chaosproof.faults.backends import BACKENDS
from chaosproof.faults.causes.base import Cause, arguments_of, cause_named
from chaosproof.faults.causes.shown import cause_document, fault_document, provider_of
from chaosproof.faults.causes.table import CAUSES
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.kinds import KINDS, PARAMETERS
from chaosproof.faults.limits import Limits, check_fault
from chaosproof.faults.model import Direction, Fault, PortSide, Protocol
from chaosproof.load.duration import parse_duration
from chaosproof.runfolder.faults import FaultRecord
from chaosproof.runner.settings import DEFAULT_CEILING_S
from chaosproof.targets.by_hand import open_place

__all__ = ["inject"]


def _magnitudes(command: Any) -> Any:
    """One option per magnitude that a fault can have: `--loss-percent`, `--delay-ms`, ..."""
    for name, parameter in reversed(list(PARAMETERS.items())):
        help_text = f"From {parameter.least:g} to {parameter.most:g}."
        command = click.option(f"--{name.replace('_', '-')}", name, type=float, help=help_text)(command)
    return command


def _choices(command: Any) -> Any:
    """One option per word that tells the faults of a kind apart: `--sides`."""
    for kind in KINDS.values():
        if choice := kind.choice:
            option = click.Choice(choice.values)
            help_text = f"Of {kind.name}: {choice.does}; {choice.values[0]} where it is not given."
            command = click.option(f"--{choice.name}", type=option, help=help_text)(command)
    return command


class _Port(click.ParamType):
    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return int(value)
        except ValueError:
            self.fail(f"{value!r} is not one port: a fault has one; put one on for each port.", param, ctx)


@click.command()
@click.argument("kind", required=False, type=click.Choice(list(KINDS)))
@click.option(
    "--like", metavar="CAUSE", help='Instead of a kind: what happened, as in "peer process killed".'
)
@click.option("--list-causes", is_flag=True, help="Say what --like knows, and what a real one looks like.")
@click.option("--dry-run", is_flag=True, help="Say which fault it would be, and put none on.")
@click.option("--instance", help="Which copy of a service, such as shop-0.")
@click.option(
    "--container",
    "containers",
    multiple=True,
    metavar="NAME|SERVICE",
    help="Instead: a container of Podman or Docker, or a Compose service. Again: one that shares its network.",
)
@click.option("--engine", type=click.Choice(["podman", "docker"]), help="With --container: whose it is.")
@click.option("--pid", type=click.IntRange(1), help="Instead: a process in a network namespace of its own.")
@click.option("--allow-host-network", is_flag=True, help="With --pid: also where that is the machine's own.")
@click.option("--duration", help="How long, with its unit: 15s, 500ms, 1m. Always needed.")
@click.option("--port", type=_Port(), help="Only packets with this port.")
@click.option("--port-side", type=click.Choice(get_args(PortSide)), default="destination", show_default=True)
@click.option("--peer", help="Only packets to or from this service, address or network.")
@click.option("--protocol", type=click.Choice(get_args(Protocol)), default="tcp", show_default=True)
@click.option("--direction", type=click.Choice(get_args(Direction)), default="egress", show_default=True)
@click.option("--backend", type=click.Choice(BACKENDS), help="Use this one and no other.")
@click.option("--lab", help="The lab's name; may be left out when `lab up` has one in this checkout.")
@click.option(
    "--ceiling", default=f"{DEFAULT_CEILING_S:g}s", show_default=True, help="The longest fault allowed."
)
@click.option("--allow-all", is_flag=True, help="Also when no instance of the service is left whole.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the final receipt, or the list, as JSON and nothing else."
)
@_magnitudes
@_choices
@click.pass_context
def inject(
    ctx: click.Context,
    /,
    kind: str | None,
    like: str | None,
    list_causes: bool,
    dry_run: bool,
    instance: str | None,
    containers: tuple[str, ...],
    engine: str | None,
    pid: int | None,
    allow_host_network: bool,
    duration: str | None,
    lab: str | None,
    backend: str | None,
    ceiling: str,
    allow_all: bool,
    as_json: bool,
    **selector: Any,
) -> None:
    """Put one fault on an instance, watch it end, and say how many packets it hit.

    Say what it is by its KIND, or by what happened to you: --list-causes says what a killed process, an unplugged
    host or a firewall looks like from each end, and --like makes the fault that comes nearest. Options that a cause
    leaves open, such as --loss-percent, stay yours.

    It ends by itself, also when this command is killed; Ctrl-C ends it early. Exit codes: 0 only when it bit and is
    gone, 1 when it hit nothing or ended late, 2 when that is not known, 64 for a wrong call.
    """
    if list_causes:
        click.echo(json.dumps([cause_document(each) for each in CAUSES], indent=2) if as_json else _listing())
        return
    if duration is None:
        raise UsageError("No fault goes on without an end: say how long it is to last, as in --duration 15s.")
    cause = cause_named(like, CAUSES) if like is not None else None
    if cause is not None:
        chosen = {name: value for name, value in {"kind": kind, **selector}.items() if _is_given(ctx, name)}
        selector = {**selector, **arguments_of(cause, chosen)}
    elif kind is None:
        raise UsageError(
            f"Say which kind of fault ({', '.join(KINDS)}), or what happened: --like, and --list-causes lists it."
        )
    else:
        selector["kind"] = kind
    fault = Fault(duration_s=parse_duration(duration, "--duration"), **selector)
    ceiling_s = parse_duration(ceiling, "--ceiling")
    if dry_run:
        check_fault(fault, Limits(ceiling_s=ceiling_s))
        if as_json:
            click.echo(json.dumps(fault_document(fault, cause, instance), indent=2))
        else:
            click.echo(f"{_likeness(cause)}It would be {fault}.")
            click.echo(f"In an experiment: {json.dumps(provider_of(fault, instance))}")
        return
    place = open_place(
        instance=instance,
        containers=containers,
        engine=engine,
        pid=pid,
        lab=lab,
        allow_host_network=allow_host_network,
        port=fault.port,
    )
    # naming one container or process says that it is meant, though it is the only one
    limits = Limits(ceiling_s=ceiling_s, allow_all=allow_all or place.is_foreign)
    faults = FaultEngine(place.running.target, limits=limits, backend=backend)
    receipt = faults.apply(fault, place.instance)
    try:
        if not as_json:
            click.echo(
                f"{_likeness(cause)}{fault} is on {place.instance}, by {receipt.backend} ({receipt.fidelity})."
            )
        final = _watch(faults, receipt, quiet=as_json)
    except KeyboardInterrupt:
        faults.heal(place.instance)
        final = faults.wait_until_ended(receipt)
    if place.is_foreign:
        faults.release(place.instance)
    moved = place.moved()
    place.running.take_down()
    exit_code = _report(final, as_json=as_json)
    if moved:
        click.echo(moved, err=as_json)
    ctx.exit(exit_code or (EXIT_CODES["unknown"] if moved else 0))


def _is_given(ctx: click.Context, name: str) -> bool:
    """Whether somebody chose the option, rather than got its default."""
    return ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _likeness(cause: Cause | None) -> str:
    """What a fault is to be like, where on the connection it belongs, and how near it comes, before the fault."""
    if cause is None:
        return ""
    return f"Like {cause.name!r}, on the {cause.on} of the connection. {cause.nearness}\n"


def _listing() -> str:
    entries = []
    for cause in CAUSES:
        options = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in cause.arguments.items())
        rows = (("real", cause.real), ("fault", f"{cause.kind} {options}, on the {cause.on}"))
        wrapped = (
            click.wrap_text(text, 100, f"  {label + ':':<7}", " " * 9)
            for label, text in (*rows, ("near", cause.nearness))
        )
        entries.append("\n".join([cause.name, *wrapped]))
    return "\n\n".join(entries)


def _watch(engine: FaultEngine, receipt: FaultRecord, *, quiet: bool) -> FaultRecord:
    """Count down on a terminal, then wait for the observer's word."""
    assert receipt.expires_at is not None
    if not quiet and sys.stderr.isatty():
        while (left_s := receipt.expires_at - time.time()) > 0 and not engine.receipt(receipt.id).ended:
            click.echo(f"\rends in {left_s:4.0f} s ", nl=False, err=True)
            time.sleep(min(left_s, 0.2))
        click.echo("\r               \r", nl=False, err=True)
    return engine.wait_until_ended(receipt)


def _report(final: FaultRecord, *, as_json: bool) -> int:
    if final.ended_at is None or final.applied_at is None:
        raise UsageError(f"The fault {final.id} never began: {final.error}.")
    lasted_s = final.ended_at - final.applied_at
    in_time = final.healed or (final.expires_at or 0) + 0.5 >= final.ended_at
    if as_json:
        click.echo(json.dumps(final.to_json()))
    else:
        canary = "/".join((final.canary.before, final.canary.during, final.canary.after))
        click.echo(
            f"It ended after {lasted_s:.2f} s, ended by {final.ended_by}, and hit {final.packets} packets"
            f" (a connection before/during/after: {canary})."
        )
        if final.note:
            click.echo(f"{final.note[0].upper()}{final.note[1:]}.")
        if final.canary.peer in ("open", "closed"):
            click.echo(
                f"At their other end, the connections that it found open were {final.canary.peer} then."
            )
        if not final.packets:
            click.echo("It hit nothing: was there traffic, and is the port that of the service's address?")
        elif final.affected == 0 and final.expects:
            click.echo(
                f"None of them was {final.expects.effect}: let more traffic meet it, or make it stronger."
            )
    return 0 if final.packets and final.affected != 0 and in_time else 1
