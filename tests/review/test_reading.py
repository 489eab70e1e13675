"""Any file can be reviewed: half of one, another JSON, NaN, YAML, a folder; never a traceback."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from chaosproof.errors import UsageError
from chaosproof.review.documents import kind_of
from chaosproof.review.reading import NeitherError, read_document, reviewed_journal
from chaosproof.review.review import review_document, review_file, reviews_of
from tests.review.journals import honest, met, probe, state, written


def test_half_a_journal_is_unknown_and_says_so(tmp_path: Path) -> None:
    """The run, or the copy, was cut off."""
    whole = json.dumps(honest())
    file = tmp_path / "journal.json"
    file.write_text(whole[: len(whole) // 2], encoding="utf-8")
    review = review_file(file)
    assert (review.verdict, [f.code for f in review.findings]) == ("unknown", ["unreadable"])
    assert "cut off" in review.findings[0].message


@pytest.mark.parametrize("content", ["", "{", "\0" * 40, "[" * 100_000, '{"a": "\ud800"}', "nonsense"])
def test_a_file_that_is_no_json_is_unknown(content: str, tmp_path: Path) -> None:
    """Also one that is nested without end."""
    file = tmp_path / "journal.json"
    file.write_bytes(content.encode("utf-8", "surrogatepass"))
    assert review_file(file).verdict == "unknown"


@pytest.mark.parametrize("content", [[], 3, None, {"a": 1}, {"experiment": 1}, {"run": []}])
def test_another_json_is_a_wrong_call(content: Any, tmp_path: Path) -> None:
    """It is said what is missing."""
    with pytest.raises(NeitherError, match="neither a journal of Chaos Toolkit nor an experiment"):
        review_file(written(tmp_path, content))


def test_a_folder_gives_what_is_in_it_and_passes_over_the_rest(tmp_path: Path) -> None:
    """Files of other tools lie beside journals."""
    written(tmp_path, honest(), "b.json")
    written(tmp_path, honest()["experiment"], "a.json")
    written(tmp_path, {"name": "package"}, "package.json")
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    assert [review.file.name for review in reviews_of([tmp_path])] == ["a.json", "b.json"]


def test_a_folder_without_any_is_a_wrong_call(tmp_path: Path) -> None:
    """An empty folder in CI is a step that did not run."""
    with pytest.raises(UsageError, match="holds no journal and no experiment"):
        list(reviews_of([tmp_path]))


def test_a_file_that_is_not_there_is_a_wrong_call(tmp_path: Path) -> None:
    """A glob that matched nothing."""
    with pytest.raises(UsageError, match=r"journal.json is not there"):
        list(reviews_of([tmp_path / "journal.json"]))


def test_a_journal_in_yaml_is_read_like_the_one_in_json(tmp_path: Path) -> None:
    """Both hold the same."""
    file = tmp_path / "journal.yaml"
    file.write_text(yaml.safe_dump(json.loads(json.dumps(honest()))), encoding="utf-8")
    as_json = read_document(written(tmp_path, honest()))
    as_yaml = read_document(file)
    assert as_yaml.activities == as_json.activities
    assert as_yaml.measured == as_json.measured


def test_a_journal_with_nan_is_read(tmp_path: Path) -> None:
    """Python writes NaN into JSON, which is none."""
    content = honest()
    content["run"][0]["output"] = float("nan")
    content["chaosproof_ignored"] = float("inf")
    assert len(read_document(written(tmp_path, content)).activities) == 5


def test_a_journal_in_memory_is_reviewed_like_the_one_on_disk(tmp_path: Path) -> None:
    """The control has it in memory; the probes of a hypothesis during the method are read on another way."""
    content = honest()
    content["steady_states"]["during"] = [state(met(probe(), at)) for at in (2, 3, 4)]
    file = written(tmp_path, content)
    from_disk, in_memory = read_document(file), reviewed_journal(file, content)
    assert review_document(from_disk).findings == review_document(in_memory).findings
    shown = [
        [(a.pointer, a.name, a.status, a.began_at) for a in d.activities] for d in (from_disk, in_memory)
    ]
    assert shown[0] == shown[1]


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 10**20), st.floats(), st.text(max_size=4), st.builds(list),
    st.builds(dict), st.builds(lambda: [{}]), st.just("2026-11-28T10:40:00"), st.builds(lambda: {"type": "http"}),
)  # fmt: skip
SEEDS = [pytest.param(0), *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 20))]


def spoil(content: dict[str, Any], data: st.DataObject, seed: int) -> None:
    """Puts whatever hypothesis likes at three places."""
    for _ in range(3):
        holder: Any = None
        inside: Any = content
        chooser = random.Random(data.draw(st.integers(0, 2**32)) + seed)
        while isinstance(inside, dict | list) and inside and (holder is None or chooser.random() < 0.75):
            holder = inside
            key = chooser.choice(list(inside)) if isinstance(inside, dict) else chooser.randrange(len(inside))
            inside = inside[key]
        if holder is not None:
            holder[key] = data.draw(ODD)


@pytest.mark.parametrize("seed", SEEDS)
@settings(max_examples=500)
@given(data=st.data())
def test_no_journal_makes_it_fail(
    seed: int, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever stands at three places of a journal, no rule crashes, and on disk it is reviewed as in memory."""
    content = honest()
    content["steady_states"]["during"] = [state(met(probe(), 2))]
    content = json.loads(json.dumps(content))  # no object of it stands at two places
    spoil(content, data, seed)
    if kind_of(content) == "journal":
        file = written(tmp_path_factory.getbasetemp(), content, f"journal-{seed}.json")
        on_disk, in_memory = review_file(file), review_document(reviewed_journal(file, content))
        assert not {"rule-failed", "unreadable"} & {finding.code for finding in on_disk.findings}
        assert on_disk.findings == in_memory.findings


@pytest.mark.parametrize("seed", SEEDS[:4])
@settings(max_examples=500)
@given(data=st.data())
def test_no_experiment_makes_it_fail(
    seed: int, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Nor whatever stands in an experiment."""
    content = json.loads(json.dumps(honest()["experiment"]))
    spoil(content, data, seed)
    if kind_of(content) == "experiment":
        file = written(tmp_path_factory.getbasetemp(), content, f"experiment-{seed}.json")
        assert not {"rule-failed", "unreadable"} & {finding.code for finding in review_file(file).findings}
