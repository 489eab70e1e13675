"""A run folder, read into frozen data. Missing, half-written and torn files are normal: what can be read is
kept, and what could not be is remembered in `problems`, so that a check can say why it does not know.

Try it: python -c 'from chaosproof.runfolder.run_folder import read_run; print(read_run("journals/checkout/..."))'
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from chaosproof.errors import ChaosproofError
from chaosproof.experiment.method_actions import provider_module
from chaosproof.json_access import mapping, whole
from chaosproof.runfolder.events import EVENTS
from chaosproof.runfolder.faults import FaultRecord
from chaosproof.runfolder.journal import Journal
from chaosproof.runfolder.load import LoadDone, LoadPlan, LoadProgress
from chaosproof.runfolder.paths import ARTIFACTS, EXPERIMENT, EXPERIMENT_YAML, WARMUP
from chaosproof.runfolder.readiness import ReadinessRow
from chaosproof.runfolder.record import Record
from chaosproof.runfolder.requests import REQUESTS
from chaosproof.runfolder.series import Series
from chaosproof.runfolder.session import SessionRecord

__all__ = ["RAW_FILES", "RAW_FOLDERS", "SCHEMA_VERSION", "RunFolder", "read_run"]

SCHEMA_VERSION = 1

RAW_FILES = (
    SessionRecord.FILE,
    Journal.FILE,
    LoadPlan.FILE,
    LoadProgress.FILE,
    LoadDone.FILE,
    REQUESTS,
    FaultRecord.FILE,
    ReadinessRow.FILE,
    Series.FILE,
    EVENTS,
    EXPERIMENT,
    EXPERIMENT_YAML,
    "resources.ndjson",
)
RAW_FOLDERS = (ARTIFACTS, WARMUP, "ledger", "rehearsal")

_Record = TypeVar("_Record", bound=Record)


@dataclass(frozen=True)
class RunFolder:
    """Everything of a run but its requests, which are streamed (`RequestLines`). What is absent is a record that says
    nothing.

    `problems` maps a file name to a sentence: why it, or a part of it, could not be read.
    """

    path: Path
    session: SessionRecord
    journal: Journal
    load_plan: LoadPlan
    load_done: LoadDone
    progress: tuple[LoadProgress, ...]
    faults: tuple[Mapping[str, Any], ...]
    readiness: tuple[ReadinessRow, ...]
    series: Series
    artifacts: Mapping[str, int]
    problems: Mapping[str, str]

    @property
    def experiment(self) -> Mapping[str, Any]:
        """The experiment as the toolkit ran it, with its `${...}` unresolved."""
        return self.journal.experiment

    @property
    def variables(self) -> Mapping[str, Any]:
        """The configuration of the experiment, as resolved."""
        return self.session.variables

    @property
    def unfinished(self) -> str:
        """Why the run did not come to its own end, or an empty string when it did."""
        session, journal = SessionRecord.FILE, Journal.FILE
        if session in self.problems:
            return f"{session}: {self.problems[session]}"
        if interrupted := self.session.interrupted:
            return f"the run ended early: {interrupted}"
        if self.session.complete is not True:
            return "the session did not write its own end"
        if journal in self.problems:
            return f"{journal}: {self.problems[journal]}"
        if self.journal.status not in ("completed", "failed"):
            return f"the toolkit's journal ends with status {self.journal.status!r}"
        return ""

    @cached_property
    def fault_records(self) -> tuple[FaultRecord, ...]:
        """`faults` as records; the rows themselves are for those who compare what exactly was written."""
        return tuple(map(FaultRecord.from_json, self.faults))

    def calls(self, module: str) -> tuple[Mapping[str, Any], ...]:
        """The method's activities that call a function of `module` (`chaosproof.actions.load`), in order."""
        planned = self.journal.planned("method")
        return tuple(a for a in planned if f"{provider_module(a)}.".startswith(f"{module}."))

    def missing(self, name: str) -> str:
        """Why `name` is not there to be read; for details of a check that needs it."""
        return f"{name}: {self.problems.get(name, 'it does not say')}"


def read_run(path: Path | str) -> RunFolder:
    """Read the folder of a run. Raises ChaosproofError when a newer version of this program wrote it."""
    folder = Path(path)
    problems: dict[str, str] = {}

    def read(record: type[_Record]) -> _Record:
        name = record.FILE
        value = _read_json(folder / name, problems)
        if name not in problems and not isinstance(value, Mapping):
            problems[name] = "it is not a JSON object"
        _refuse_newer(mapping(value), folder / name)
        return record.from_json(value)

    def read_rows(record: type[_Record]) -> tuple[_Record, ...]:
        return tuple(map(record.from_json, _read_lines(folder, record.FILE, problems)))

    return RunFolder(
        path=folder,
        session=read(SessionRecord),
        journal=read(Journal),
        load_plan=read(LoadPlan),
        load_done=read(LoadDone),
        progress=read_rows(LoadProgress),
        faults=_read_lines(folder, FaultRecord.FILE, problems),
        readiness=read_rows(ReadinessRow),
        series=read(Series),
        artifacts=_sizes(folder / ARTIFACTS),
        problems=problems,
    )


def _refuse_newer(value: Mapping[str, Any], path: Path) -> None:
    version = whole(value.get("schema_version"))
    if version is not None and version > SCHEMA_VERSION:
        raise ChaosproofError(
            f"{path} has schema_version {version}, and this chaosproof reads up to {SCHEMA_VERSION}: "
            "judge it with the chaosproof that wrote it, or a newer one"
        )


def _read_bytes(path: Path, problems: dict[str, str]) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        problems[path.name] = "there is no such file"
    except OSError as error:
        problems[path.name] = f"it cannot be read: {error.strerror}"
    return None


def _read_json(path: Path, problems: dict[str, str]) -> Any:
    content = _read_bytes(path, problems)
    if content is None:
        return None
    try:
        return _parse(content)
    except UnicodeDecodeError:
        problems[path.name] = "it is not UTF-8 text"
    except (ValueError, RecursionError) as error:
        problems[path.name] = f"it is not whole JSON: {error}" if content.strip() else "it is empty"
    return None


def _read_lines(folder: Path, name: str, problems: dict[str, str]) -> tuple[Mapping[str, Any], ...]:
    rows: list[Mapping[str, Any]] = []
    for position, line in enumerate((_read_bytes(folder / name, problems) or b"").split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            row = _parse(line)
        except (ValueError, RecursionError):
            problems.setdefault(name, f"line {position} is not whole JSON")
            continue
        if isinstance(row, Mapping):
            rows.append(row)
        else:
            problems.setdefault(name, f"line {position} is not a JSON object")
    return tuple(rows)


def _parse(content: bytes) -> Any:
    return json.loads(content.decode(), parse_constant=_refuse_constant)


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON number")


def _sizes(folder: Path) -> dict[str, int]:
    try:
        return {p.name: p.stat().st_size for p in sorted(folder.iterdir()) if p.is_file()}
    except OSError:
        return {}
