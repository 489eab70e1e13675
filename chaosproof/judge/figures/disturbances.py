"""What a service did to itself because the experiment asked it to, and when: the disturbances of a timeline.

They are no faults of the ledger: what is known of them is what `actions.app.wait_until_ended` was told by the service.
"""

from collections.abc import Mapping
from typing import Any

from chaosproof.json_access import at, mapping, mappings, number, text
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["disturbances_of"]

_TELLS_OF_IT = ("actions.app", "wait_until_ended")


def disturbances_of(run: RunFolder) -> list[dict[str, Any]]:
    """`{service, delay_ms, fail_ratio, began_at, ended_at, source}` for each that an activity of the method saw the end
    of; `delay_ms` or `fail_ratio` is null where it stayed as it was.
    """
    found: list[dict[str, Any]] = []
    for place, entry in enumerate(run.runs):
        provider, output = at(entry, "activity", "provider"), mapping(entry.get("output"))
        if (at(provider, "module"), at(provider, "func")) != _TELLS_OF_IT:
            continue
        began_at, lasted_s = number(output.get("began_at")), number(output.get("lasted_s"))
        if began_at is None or lasted_s is None:
            continue
        states = mappings(list(mapping(output.get("instances")).values()))
        words: Mapping[str, Any] = mapping(states[0].get("disturbance")) if states else {}
        found.append(
            {
                "service": text(at(provider, "arguments", "service")),
                "delay_ms": number(words.get("B_DELAY_MS")),
                "fail_ratio": number(words.get("FAIL_RATE")),
                "began_at": began_at,
                "ended_at": round(began_at + lasted_s, 6),
                "source": f"journal.json#run[{place}].output",
            }
        )
    return found
