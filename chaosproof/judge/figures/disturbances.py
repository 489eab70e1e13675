"""What a service did to itself because the experiment asked it to, and when: the disturbances of a timeline.

They are no faults of faults.jsonl: known of them is what the service answered to
`chaosproof.actions.app.wait_until_ended`.
"""

from collections.abc import Mapping
from typing import Any

from chaosproof.json_access import at, mapping, mappings, number, text
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["disturbances_of"]

_REPORTS_IT = ("chaosproof.actions.app", "wait_until_ended")


def disturbances_of(run: RunFolder) -> list[dict[str, Any]]:
    """`{service, delay_ms, fail_ratio, began_at, ended_at, source}` for each that an activity of the method saw the end
    of; `delay_ms` or `fail_ratio` is null where it stayed as it was.
    """
    disturbances: list[dict[str, Any]] = []
    for position, entry in enumerate(run.journal.run):
        output = mapping(entry.output)
        if (entry.module, entry.provider.get("func")) != _REPORTS_IT:
            continue
        began_at, lasted_s = number(output.get("began_at")), number(output.get("lasted_s"))
        if began_at is None or lasted_s is None:
            continue
        states = mappings(list(mapping(output.get("instances")).values()))
        settings: Mapping[str, Any] = mapping(states[0].get("disturbance")) if states else {}
        disturbances.append(
            {
                "service": text(at(entry.provider, "arguments", "service")),
                "delay_ms": _ending(settings, "DELAY_MS"),
                "fail_ratio": _ending(settings, "FAIL_RATE"),
                "began_at": began_at,
                "ended_at": round(began_at + lasted_s, 6),
                "source": f"journal.json#run[{position}].output",
            }
        )
    return disturbances


def _ending(settings: Mapping[str, Any], ending: str) -> float | None:
    """The value of the setting whose name ends so: each service has a prefix of its own."""
    return next((number(value) for name, value in settings.items() if name.endswith(ending)), None)
