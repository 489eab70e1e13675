"""Questions about what a process holds: memory by settled level and slope, descriptors, sockets, tables, tasks."""

import json
from typing import Any

from chaoslib.types import Configuration

from chaosproof.errors import ChaosproofError
from chaosproof.runner.resources import as_row
from chaosproof.runner.resources import growth as grown
from chaosproof.runner.resources import measure as measured
from chaosproof.runner.settings import seconds
from chaosproof.toolkit.current import session_of

__all__ = ["growth", "measure"]

_ROWS = "resources.ndjson"


def measure(
    instance: str,
    label: str = "",
    over_s: float = 3,
    settle_s: float = 10,
    configuration: Configuration = None,
) -> dict[str, Any]:
    """What `instance` holds, looked at for `over_s` seconds: `rss_bytes` (settled), `rss_slope_bytes_per_s`, `fds`, ...

    Before that it waits, up to `settle_s` seconds, until descriptors and tables stand still. Under `label` the
    run remembers it for `growth`. Raises `TargetError` for an unknown instance, `ChaosproofError` for one that
    does not run.
    """
    session = session_of(configuration)
    level = measured(
        session.target,
        instance,
        over_s=seconds("over_s", over_s),
        settle_s=seconds("settle_s", settle_s, may_be_zero=True),
    )
    row = as_row(level, label)
    if session.run_dir is not None:
        with (session.run_dir / _ROWS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    return row


def growth(
    instance: str, before: str = "before", after: str = "after", configuration: Configuration = None
) -> dict[str, Any]:
    """What `instance` holds more at the label `after` than at `before`: `rss_bytes`, `fds`, `pending`, ...

    What its metrics page does not tell is null. Raises `ChaosproofError` for a label that was not measured.
    """
    path = session_of(configuration).folder / _ROWS
    rows = (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    )
    by_label = {row["label"]: row for row in rows if row["instance"] == instance}
    for label in (before, after):
        if label not in by_label:
            known = ", ".join(by_label) or "none"
            raise ChaosproofError(f"{instance} was not measured at {label!r} (labels so far: {known}).")
    return {"instance": instance, **grown(by_label[before], by_label[after])}
