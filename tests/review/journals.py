"""Journals as Chaos Toolkit writes them, made by a few words: an honest one, which a test then spoils."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["HTTP", "action", "entry", "honest", "journal", "probe", "written"]

_BEGAN_AT = datetime(2026, 11, 28, 10, 40, tzinfo=UTC).timestamp()

HTTP = {"type": "http", "url": "http://127.0.0.1:8080/", "timeout": 3}


def probe(name: str = "error rate", tolerance: Any = (0, 0.05), **provider: Any) -> dict[str, Any]:
    """A probe; by default it is a function that measures."""
    provider = provider or {"type": "python", "module": "shop.probes", "func": "error_rate"}
    declared: dict[str, Any] = {"type": "probe", "name": name, "provider": provider}
    if tolerance is not None:
        declared["tolerance"] = list(tolerance) if isinstance(tolerance, tuple) else tolerance
    return declared


def action(name: str = "partition the stock", **provider: Any) -> dict[str, Any]:
    """An action; by default a function that says what it did."""
    provider = provider or {"type": "python", "module": "shop.faults", "func": "isolate"}
    return {"type": "action", "name": name, "provider": provider}


def entry(
    declared: Mapping[str, Any], at_s: float, output: Any = None, took_s: float = 0.1, **more: Any
) -> dict[str, Any]:
    """What the journal has of an activity that ran `at_s` after the experiment began."""
    return {
        "activity": dict(declared),
        "output": output,
        "status": "succeeded",
        "start": _iso(at_s),
        "end": _iso(at_s + took_s),
        "duration": took_s,
        **more,
    }


def met(
    declared: Mapping[str, Any], at_s: float, output: Any = 0.01, took_s: float = 0.1, **more: Any
) -> dict[str, Any]:
    """The entry of a probe within its tolerance."""
    return entry(declared, at_s, output, took_s, **{"tolerance_met": True, **more})


def state(*probes: Mapping[str, Any]) -> dict[str, Any]:
    """A measurement of the hypothesis."""
    return {"steady_state_met": all(probe["tolerance_met"] for probe in probes), "probes": list(probes)}


def journal(
    run: Sequence[Mapping[str, Any]],
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    rollbacks: Sequence[Mapping[str, Any]] = (),
    **more: Any,
) -> dict[str, Any]:
    """The whole journal; the experiment in it declares what ran."""
    probes = [entry["activity"] for entry in (before or after or {"probes": []})["probes"]]
    return {
        "chaoslib-version": "1.44.0",
        "experiment": {
            "title": "The shop does without its stock",
            "description": "d",
            "steady-state-hypothesis": {"title": "Customers are served", "probes": probes},
            "method": [entry["activity"] for entry in run],
            "rollbacks": [entry["activity"] for entry in rollbacks],
        },
        "start": _iso(0),
        "status": "completed",
        "deviated": False,
        "steady_states": {"before": before, "after": after, "during": []},
        "run": list(run),
        "rollbacks": list(rollbacks),
        "end": _iso(20),
        "duration": 20.0,
        **more,
    }


def honest() -> dict[str, Any]:
    """A journal in which there is nothing to find."""
    share = probe()
    return journal(
        run=[
            entry(action(), 1, {"isolated": ["stock-0"]}),
            entry(
                probe("stock is cut off", True, type="python", module="shop.probes", func="is_cut_off"),
                3,
                True,
            ),
        ],
        before=state(met(share, 0)),
        after=state(met(share, 8)),
        rollbacks=[entry(action("join the stock again"), 10)],
    )


def written(folder: Path, content: Any, name: str = "journal.json") -> Path:
    """The file that holds the content as JSON."""
    file = folder / name
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(_BEGAN_AT + at_s, UTC).isoformat()
