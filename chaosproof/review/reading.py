"""Reads a journal or an experiment without holding all of it: the entries of a journal are looked at one by one.

A journal of 100 MB is mostly output. msgspec finds where each entry begins and ends in the mapped file and decodes
none of it; each entry is then decoded, made into facts, and let go of. Python's own JSON reads what msgspec refuses:
NaN, which the toolkit writes.
"""

import json
import mmap
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import msgspec
import yaml

from chaosproof.errors import ChaosproofError, UsageError, readable_os_errors
from chaosproof.experiment.text import SUFFIXES, doubled_keys
from chaosproof.json_access import flag, mapping, sequence
from chaosproof.review.documents import Document, configured, experiment_document, journal_document, kind_of
from chaosproof.review.facts.activity import Phase, ReviewedActivity, met_during, reviewed
from chaosproof.review.facts.added_state import ADDED_BY, OWN_NAME
from chaosproof.runfolder.journal import ActivityRun

__all__ = ["NeitherError", "files_in", "read_document", "reviewed_journal"]

_ENTRIES = ("run", "rollbacks", "steady_states")


class NeitherError(UsageError):
    """The file holds neither a journal nor an experiment."""


def files_in(folder: Path) -> Iterator[Path]:
    """The files under a folder that may be journals or experiments, by name."""
    yield from sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def read_document(file: Path) -> Document:
    """The journal or the experiment in `file`.

    Raises `NeitherError` for a file of something else, `ChaosproofError` for one that cannot be read to its end.
    """
    try:
        with readable_os_errors(f"{file} cannot be read"):
            if file.stat().st_size == 0:
                raise ChaosproofError(f"{file} is empty")
            content = _yaml(file) if file.suffix in (".yaml", ".yml") else _json(file)
        kind = kind_of(content)
        if kind == "journal":
            return _journal(file, content)
        if kind == "experiment":
            return _experiment(file, content)
    except (ValueError, RecursionError) as error:  # what is no UTF-8, or has no end to its depth
        raise ChaosproofError(f"{file} cannot be read: {error}") from error
    raise NeitherError(
        f"{file} is neither a journal of Chaos Toolkit nor an experiment: it has no `method`, and no `run` "
        "beside an `experiment`"
    )


def _json(file: Path) -> Any:
    """The top of the file as an object; the value of a key that holds entries is raw."""
    with file.open("rb") as stream:
        mapped = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
    try:
        top = msgspec.json.decode(mapped, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return _python_json(file, mapped)
    except RecursionError as error:
        raise ChaosproofError(f"{file} is nested too deeply to be read") from error
    return {key: value if key in _ENTRIES else _decoded(bytes(value)) for key, value in top.items()}


def _python_json(file: Path, mapped: memoryview) -> Any:
    try:
        return json.loads(str(mapped, "utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ChaosproofError(
            f"{file} cannot be read to its end ({str(error) or 'nested too deeply'}): the run, or the copy of it, "
            "was cut off"
        ) from error


def _yaml(file: Path) -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(file.read_text(encoding="utf-8"), Loader=loader)  # a safe loader
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise ChaosproofError(f"{file} cannot be read as YAML: {' '.join(str(error).split())}") from error


def _decoded(value: Any) -> Any:
    """The value of raw JSON; any other value as it is. Raises ValueError for NaN and the like only within `json`."""
    if not isinstance(value, msgspec.Raw | bytes):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return json.loads(bytes(value))


def _items(value: Any) -> Iterator[Any]:
    """The items of a list, each decoded when it is asked for."""
    if isinstance(value, msgspec.Raw):
        try:
            value = msgspec.json.decode(value, type=list[msgspec.Raw])
        except (msgspec.ValidationError, msgspec.DecodeError):
            return
    yield from sequence(value)


def _parts(value: Any) -> Mapping[str, Any]:
    """The values of an object, as raw JSON where it is."""
    if isinstance(value, msgspec.Raw):
        try:
            return cast("Mapping[str, Any]", msgspec.json.decode(value, type=dict[str, msgspec.Raw]))
        except (msgspec.ValidationError, msgspec.DecodeError):
            return {}
    return mapping(value)


class _Entry(msgspec.Struct):
    """An entry of which the long parts are not decoded."""

    activity: msgspec.Raw
    status: str
    start: str
    end: str
    tolerance_met: bool


def _met(entry: Any, pointer: str, declared: dict[bytes, Mapping[str, Any]]) -> ReviewedActivity | None:
    """The facts of a probe that was met during the method, of which there may be 100,000: its output is not decoded.

    None for any other entry. `declared` keeps the probes by their text, which is the same time and again.
    """
    if not isinstance(entry, msgspec.Raw):
        return None
    try:
        slim = msgspec.json.decode(entry, type=_Entry)
    except msgspec.MsgspecError:
        return None
    if slim.status != "succeeded" or not slim.tolerance_met:
        return None
    text = bytes(slim.activity)
    if text not in declared:
        declared[text] = mapping(_decoded(slim.activity))
    return met_during(declared[text], pointer, slim.start, slim.end)


def _journal(
    file: Path, content: Mapping[str, Any], resolved: Mapping[str, Any] = MappingProxyType({})
) -> Document:
    variables = {**configured(mapping(content.get("experiment"))), **resolved}
    states = _parts(content.get("steady_states"))
    activities: list[ReviewedActivity] = []
    measured: dict[str, bool | None] = {}

    declared: dict[bytes, Mapping[str, Any]] = {}

    def add(entries: Any, pointer: str, phase: Phase) -> None:
        for number, entry in enumerate(_items(entries)):
            place = f"{pointer}/{number}"
            if phase == "during" and (quick := _met(entry, place, declared)):
                activities.append(quick)
                continue
            value = _decoded(entry)
            if isinstance(value, Mapping):
                activities.append(reviewed(ActivityRun.from_json(value), place, phase, variables))

    def add_state(state: Any, pointer: str, phase: Phase) -> None:
        parts = _parts(state)
        if parts and _decoded(parts.get(ADDED_BY)) != OWN_NAME:
            met = flag(_decoded(parts.get("steady_state_met")))
            measured[phase] = met if measured.get(phase) is not False else False
            add(parts.get("probes"), f"{pointer}/probes", phase)

    add_state(states.get("before"), "/steady_states/before", "before")
    during = list(_items(states.get("during"))) or [states.get("during")]
    for number, state in enumerate(during):
        add_state(state, f"/steady_states/during/{number}", "during")
    add(content.get("run"), "/run", "method")
    add_state(states.get("after"), "/steady_states/after", "after")
    add(content.get("rollbacks"), "/rollbacks", "rollback")
    head = {key: value for key, value in content.items() if key not in _ENTRIES}
    return journal_document(file, head, tuple(activities), measured, variables)


def _experiment(file: Path, content: Mapping[str, Any]) -> Document:
    source = file.read_text(encoding="utf-8-sig")
    suffix = file.suffix if file.suffix in SUFFIXES else ".json"
    whole = {key: _decoded(value) for key, value in content.items()}
    return experiment_document(file, whole, tuple(doubled_keys(source, suffix)), source)


def reviewed_journal(
    file: Path, content: Mapping[str, Any], resolved: Mapping[str, Any] = MappingProxyType({})
) -> Document:
    """The document of a journal that is in memory: the one of a run that has just ended.

    `resolved` are variables that were not what the experiment's file says, such as by `--var`.
    """
    return _journal(file, content, resolved)
