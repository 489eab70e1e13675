"""The tables of docs/reference/run-folder.md, from the records in chaosproof/runfolder: the prose between them stays.

python docs/generate_run_folder.py    writes them anew, between `<!-- NAME -->` and `<!-- end -->`
"""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

from chaosproof.runfolder import (
    checks,
    events,
    faults,
    journal,
    load,
    readiness,
    requests,
    series,
    session,
)
from chaosproof.runfolder.record import Record

PAGE = Path(__file__).parent / "reference" / "run-folder.md"
MODULES = (session, events, journal, load, requests, faults, readiness, series, checks)
_TABLE = re.compile(r"<!-- (\w+) -->\n.*?<!-- end -->\n", re.DOTALL)


def records() -> dict[str, type[Any]]:
    """Every class that has documented fields, by its name."""
    return {
        name: value
        for module in MODULES
        for name in module.__all__
        if isinstance(value := getattr(module, name), type)
        and (issubclass(value, Record) or value in (requests.RequestRow, checks.Check))
    }


def table(record: type[Any]) -> str:
    """What a record is, and each of its keys with its meaning."""
    rows = [f"| `{f.name}` | {f.metadata['about']} |\n" for f in fields(record) if "about" in f.metadata]
    summary = " ".join((record.__doc__ or "").partition("\n\n")[0].split())
    return f"{summary}\n\n| key | meaning |\n|---|---|\n{''.join(rows)}"


def page(text: str) -> str:
    """The page `text` with its tables as the records say."""
    known = records()
    return _TABLE.sub(lambda m: f"<!-- {m[1]} -->\n{table(known[m[1]])}<!-- end -->\n", text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
