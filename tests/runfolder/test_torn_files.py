"""Whatever the files hold, judging gives a verdict, and never a pass that the whole files would not give."""

import json
import random
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaosproof.judge.checks.registry import required_ids
from chaosproof.judge.judge import judge_run
from chaosproof.report.formats.junit import junit_xml
from chaosproof.report.page import run_page
from chaosproof.report.run_files import files_of
from chaosproof.runfolder.checks import checks_tsv
from tests.support.runs import resilient_run

FILES = resilient_run().files()
NAMES = sorted(FILES)
# what a file holds that no check needs: without it, or without its last lines, the verdict may stand
DISPENSABLE = {"readiness.ndjson", "series.json"}

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
EXAMPLES = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    """The folder holds exactly `files` afterwards; unchanged ones are not written again."""
    for name in {*FILES, *files}:
        path = folder / name
        if name not in files:
            path.unlink(missing_ok=True)
        elif not path.exists() or path.read_bytes() != files[name]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name])
    return folder


def judge_all(folder: Path, files: dict[str, bytes]) -> str:
    verdict = judge_run(write(folder, files))
    assert {c.id for c in verdict.checks} >= set(required_ids())
    assert not [c for c in verdict.checks if "checker itself failed" in c.details]
    json.dumps([verdict.summary, verdict.timeline], allow_nan=False)
    return verdict.status


@EXAMPLES
@given(st.sampled_from(NAMES), st.floats(0, 0.999))
def test_a_file_cut_anywhere_never_raises_and_never_passes(tmp_path: Path, name: str, at: float) -> None:
    whole = FILES[name]
    cut = whole[: int(len(whole) * at)]
    status = judge_all(tmp_path, FILES | {name: cut})
    if (
        name not in DISPENSABLE
        and not name.endswith((".prom", ".metrics", ".log"))
        and cut.strip() != whole.strip()
    ):
        assert status != "pass"


@EXAMPLES
@given(st.sampled_from(NAMES), st.randoms(use_true_random=False))
def test_flipped_bytes_never_raise(tmp_path: Path, name: str, dice: random.Random) -> None:
    data = bytearray(FILES[name])
    for _ in range(dice.randint(1, 20)):
        data[dice.randrange(len(data))] = dice.randrange(256)
    judge_all(tmp_path, FILES | {name: bytes(data)})


@EXAMPLES
@given(
    st.sampled_from(["session.json", "journal.json", "load-plan.json", "load-done.json", "series.json"]), JSON
)
def test_any_json_in_the_place_of_a_file_never_raises_and_never_passes(
    tmp_path: Path, name: str, value: Any
) -> None:
    status = judge_all(tmp_path, FILES | {name: json.dumps(value).encode()})
    assert status != "pass" or name in DISPENSABLE


def paths(value: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [prefix] if prefix else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += paths(inner, (*prefix, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            found += paths(inner, (*prefix, place))
    return found


PLACES = [
    (name, path)
    for name in ("session.json", "journal.json", "load-plan.json", "load-done.json")
    for path in paths(json.loads(FILES[name]))
] + [("faults.jsonl", path) for path in paths(json.loads(FILES["faults.jsonl"]))]


@settings(EXAMPLES, max_examples=300)
@given(st.sampled_from(PLACES), JSON)
def test_any_json_in_the_place_of_any_value_never_raises(
    tmp_path: Path, place: tuple[str, tuple[Any, ...]], value: Any
) -> None:
    name, path = place
    document = json.loads(FILES[name])
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    folder = write(tmp_path, FILES | {name: json.dumps(document).encode() + b"\n"})
    verdict = judge_run(folder)
    assert {c.id for c in verdict.checks} >= set(required_ids())
    assert not [c for c in verdict.checks if "checker itself failed" in c.details]
    json.dumps([verdict.summary, verdict.timeline], allow_nan=False)
    for page in (checks_tsv(verdict.checks), run_page(files_of(verdict))):
        assert page.encode()
    ElementTree.fromstring(junit_xml("s4", verdict.checks))


@EXAMPLES
@given(st.sets(st.sampled_from(NAMES)))
def test_missing_files_never_raise_and_never_pass(tmp_path: Path, gone: set[str]) -> None:
    left = {name: data for name, data in FILES.items() if name not in gone}
    if not set(left) - {n for n in left if "/" in n}:
        return
    status = judge_all(tmp_path, left)
    assert status != "pass" or gone <= DISPENSABLE
