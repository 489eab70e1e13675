"""A run folder, read into frozen data. Missing, half-written and torn files are normal: what can be read is
kept, and what could not be is remembered in `problems`, so that a check can say why it does not know.

Try it: python -c 'from chaosproof.runfolder.run_folder import read_run; print(read_run("journals/s4/..."))'
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from chaosproof.errors import ChaosproofError
from chaosproof.json_access import at, flag, mapping, mappings, text, whole

__all__ = ["RAW_FILES", "RAW_FOLDERS", "SCHEMA_VERSION", "RunFolder", "read_run"]

SCHEMA_VERSION = 1

RAW_FILES = (
    "session.json",
    "journal.json",
    "load-plan.json",
    "load-progress.ndjson",
    "load-done.json",
    "requests.csv.gz",
    "faults.jsonl",
    "readiness.ndjson",
    "series.json",
    "events.ndjson",
    "experiment.json",
    "resources.ndjson",
)
RAW_FOLDERS = ("artifacts", "warmup", "ledger", "rehearsal")


@dataclass(frozen=True)
class RunFolder:
    """Everything of a run but its requests, which are streamed (see `fold`). Absent objects are empty ones.

    `problems` maps a file name to a sentence: why it, or a part of it, could not be read.
    """

    path: Path
    session: Mapping[str, Any]
    journal: Mapping[str, Any]
    load_plan: Mapping[str, Any]
    load_done: Mapping[str, Any]
    progress: tuple[Mapping[str, Any], ...]
    faults: tuple[Mapping[str, Any], ...]
    readiness: tuple[Mapping[str, Any], ...]
    series: Mapping[str, Any]
    artifacts: Mapping[str, int]
    problems: Mapping[str, str]

    @property
    def experiment(self) -> Mapping[str, Any]:
        """The experiment as the toolkit ran it, with its `${...}` unresolved."""
        return mapping(self.journal.get("experiment"))

    @property
    def variables(self) -> Mapping[str, Any]:
        return mapping(self.session.get("variables"))

    @property
    def method(self) -> tuple[Mapping[str, Any], ...]:
        return mappings(self.experiment.get("method"))

    @property
    def runs(self) -> tuple[Mapping[str, Any], ...]:
        """What the toolkit recorded of each activity of the method."""
        return mappings(self.journal.get("run"))

    @property
    def unfinished(self) -> str:
        """Why the run did not come to its own end, or an empty string when it did."""
        if "session.json" in self.problems:
            return f"session.json: {self.problems['session.json']}"
        interrupted = self.session.get("interrupted")
        if interrupted:
            return f"the run ended early: {text(interrupted) or interrupted}"
        if flag(self.session.get("complete")) is not True:
            return "the session did not write its own end"
        if "journal.json" in self.problems:
            return f"journal.json: {self.problems['journal.json']}"
        status = self.journal.get("status")
        if status not in ("completed", "failed"):
            return f"the toolkit's journal ends with status {status!r}"
        return ""

    @property
    def closed_model(self) -> bool:
        return self.load_plan.get("model") == "closed"

    def calls(self, module: str) -> tuple[Mapping[str, Any], ...]:
        """The method's activities that call a function of `module` (`actions.load`), in order."""
        return tuple(a for a in self.method if _calls(a, module))

    def missing(self, name: str) -> str:
        """Why `name` is not there to be read; for details of a check that needs it."""
        return f"{name}: {self.problems.get(name, 'it does not say')}"


def read_run(path: Path | str) -> RunFolder:
    """Read the folder of a run. Raises ChaosproofError when a newer version of this program wrote it."""
    folder = Path(path)
    problems: dict[str, str] = {}

    def read_object(name: str) -> Mapping[str, Any]:
        value = _read_json(folder / name, name, problems)
        if name not in problems and not isinstance(value, Mapping):
            problems[name] = "it is not a JSON object"
        found = mapping(value)
        _refuse_newer(found, folder / name)
        return found

    return RunFolder(
        path=folder,
        session=read_object("session.json"),
        journal=read_object("journal.json"),
        load_plan=read_object("load-plan.json"),
        load_done=read_object("load-done.json"),
        progress=_read_lines(folder, "load-progress.ndjson", problems),
        faults=_read_lines(folder, "faults.jsonl", problems),
        readiness=_read_lines(folder, "readiness.ndjson", problems),
        series=read_object("series.json"),
        artifacts=_sizes(folder / "artifacts"),
        problems=problems,
    )


def _calls(activity: Mapping[str, Any], module: str) -> bool:
    called = text(at(activity, "provider", "module"))
    return called == module or called.startswith(module + ".")


def _refuse_newer(value: Mapping[str, Any], path: Path) -> None:
    version = whole(value.get("schema_version"))
    if version is not None and version > SCHEMA_VERSION:
        raise ChaosproofError(
            f"{path} has schema_version {version}, and this chaosproof reads up to {SCHEMA_VERSION}: "
            "judge it with the chaosproof that wrote it, or a newer one"
        )


def _read_text(path: Path, name: str, problems: dict[str, str]) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        problems[name] = "there is no such file"
    except OSError as error:
        problems[name] = f"it cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        problems[name] = "it is not UTF-8 text"
    return None


def _read_json(path: Path, name: str, problems: dict[str, str]) -> Any:
    content = _read_text(path, name, problems)
    if content is None:
        return None
    try:
        return _parse(content)
    except (ValueError, RecursionError) as error:
        problems[name] = f"it is not whole JSON: {error}" if content.strip() else "it is empty"
        return None


def _read_lines(folder: Path, name: str, problems: dict[str, str]) -> tuple[Mapping[str, Any], ...]:
    try:
        raw = (folder / name).read_bytes()
    except FileNotFoundError:
        problems[name] = "there is no such file"
        return ()
    except OSError as error:
        problems[name] = f"it cannot be read: {error.strerror}"
        return ()
    rows: list[Mapping[str, Any]] = []
    for position, line in enumerate(raw.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            row = _parse(line.decode("utf-8"))
        except (ValueError, RecursionError):
            problems.setdefault(name, f"line {position} is not whole JSON")
            continue
        if isinstance(row, Mapping):
            rows.append(row)
        else:
            problems.setdefault(name, f"line {position} is not a JSON object")
    return tuple(rows)


def _parse(content: str) -> Any:
    return json.loads(content, parse_constant=_refuse_constant)


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON number")


def _sizes(folder: Path) -> dict[str, int]:
    try:
        return {p.name: p.stat().st_size for p in sorted(folder.iterdir()) if p.is_file()}
    except OSError:
        return {}
