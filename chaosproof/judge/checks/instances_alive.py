"""SYS_INSTANCES: no instance died but those that were ended on purpose, and none of the rest is gone."""

from chaosproof.judge.check import unknown
from chaosproof.judge.checks.base import BuiltinCheck, Material
from chaosproof.judge.findings import Findings
from chaosproof.runfolder.checks import Check
from chaosproof.wording import counted, short


def _answer(material: Material) -> Check:
    """No instance died but those that were ended on purpose, and none of the rest is gone."""
    run, id, evidence = material.run, CHECK.id, "session.json#states"
    if "session.json" in run.problems:
        return unknown(id, run.missing("session.json"), evidence)
    names = [instance.name for instance in run.session.instances]
    if not names:
        return unknown(id, "session.json names no instances", "session.json#instances")
    later = sorted(set(run.session.states) - set(names))
    findings = Findings(id, evidence)
    if "readiness.ndjson" in run.problems or not run.readiness:
        findings.unclear.append(f"who exited is not known; {run.missing('readiness.ndjson')}")
    for name in [*names, *later]:
        state = run.session.states.get(name)
        if state is None or state.deaths is None or state.alive is None:
            findings.unclear.append(f"the state of {name} at the end is not known")
            continue
        exits = [e for e in run.readiness if e.instance == name and e.event == "exited"]
        how = "".join(f": {short(e.detail)}" for e in exits[:1] if e.detail)
        stops = state.stops or 0
        events = {e.event for e in run.readiness if e.instance == name}
        if {"ready", "completed"} <= events:
            # A one-shot service serves nobody, so it is never ready: its end would hide the death of one that does.
            findings.wrong.append(
                f"{name} was ready to serve, and is said to have completed as a one-shot service"
            )
        elif state.deaths:
            # Whoever has a service that is to end reads here how to say so.
            meant = how.startswith(": exit code 0") and not state.stops
            hint = f"; if {name} is to end by itself, its service is `one_shot: true`" if meant else ""
            findings.wrong.append(
                f"{name} died {counted(state.deaths, 'time')} without being asked to{how}{hint}"
            )
        elif not state.alive and not stops:
            findings.wrong.append(f"{name} is not alive, and nobody stopped it")
        elif len(exits) > stops:
            findings.wrong.append(
                f"{name} was seen to exit {counted(len(exits), 'time')}, and was stopped {stops}"
            )
    came = f"; {', '.join(map(short, later))} came while the run was on" if later else ""
    return findings.check(f"all {counted(len(names), 'instance')} lived, or were ended on purpose{came}")


CHECK = BuiltinCheck(
    id="SYS_INSTANCES",
    position=120,
    title="Did every instance live, but those that were ended on purpose?",
    next_step="see how its log in artifacts/ ends and mend it, or end it by chaosproof.actions.process, then: {again}",
    answer=_answer,
)
