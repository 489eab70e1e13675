"""A finding is shown at the line of what it is about."""

from pathlib import Path

import pytest

from chaosproof.review.finding import Finding
from chaosproof.review.places import Located, line_of
from chaosproof.review.reading import read_document, reviewed_journal
from tests.review.journals import honest

EXPERIMENT = """{
 "title": "The shop does without its stock",
 "a/b": 1,
 "c~d": {"e": 2},
 "steady-state-hypothesis": {
  "probes": [
   {"name": "p"}
  ]
 },
 "method": [
  {"name": "one"},
  {"name": "two",
   "provider": {}}
 ]
}
"""
EMOJI = '{\n"title": "\\ud83d\\ude00",\n"method":\n[{"name": "one"}]\n}\n'


@pytest.mark.parametrize(
    ("pointer", "line"),
    [
        ("", 1), ("/title", 2), ("/a~1b", 3), ("/c~0d/e", 4), ("/method", 10), ("/method/1", 12),
        ("/method/1/provider", 13), ("/method/1/no", 12), ("/method/2", 10), ("/method/x", 10), ("/no", 1),
        ("/title/no", 2), ("/steady-state-hypothesis/probes/0", 7),
    ],
)  # fmt: skip
def test_the_line_of_a_pointer(pointer: str, line: int) -> None:
    """Or of what is nearest above it."""
    assert line_of(EXPERIMENT, pointer) == line


@pytest.mark.parametrize(("pointer", "line"), [("/method/0", 3), ("/title", 2), ("/no", 1), ("", 1)])
def test_the_line_in_json_with_an_emoji(pointer: str, line: int) -> None:
    """Which is no YAML: it is that of the first key."""
    assert line_of(EMOJI, pointer) == line


def at(pointer: str) -> Finding:
    return Finding(code="c", severity="note", message="m", next_step="n", pointer=pointer)


@pytest.mark.parametrize(
    ("pointer", "line"),
    [
        ("/run/1", 12), ("/run/1/output", 12), ("/experiment/method/1/provider", 13), ("/experiment", 1),
        ("/status", 1), ("/steady_states/before/probes/0", 7), ("/steady_states/after/probes/0/output", 7),
        ("/steady_states", 5),
    ],
)  # fmt: skip
def test_a_finding_of_a_journal_is_at_the_line_of_its_experiment(
    pointer: str, line: int, tmp_path: Path
) -> None:
    """Where that is at hand, by its title; else at the first line of the journal."""
    file = tmp_path / "e.json"
    file.write_text(EXPERIMENT, encoding="utf-8")
    experiment, journal = read_document(file), reviewed_journal(Path("j.json"), honest())
    located = Located.among([journal, None, experiment])
    assert located.of(at(pointer), Path("j.json"), journal) == (file, line)
    assert located.of(at("/method/1"), file, experiment) == (file, 12)
    assert located.of(at("/run/1"), Path("x.json"), None) == (Path("x.json"), 1)
    assert Located({}).of(at(pointer), Path("j.json"), journal) == (Path("j.json"), 1)
    other = reviewed_journal(Path("j.json"), {**honest(), "experiment": {"title": "Another"}})
    assert located.of(at(pointer), Path("j.json"), other) == (Path("j.json"), 1)
