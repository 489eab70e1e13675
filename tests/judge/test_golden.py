"""Two true runs and their comparison say what they said, word for word and figure for figure."""

from pathlib import Path

from .golden import AGAIN, differences, documents, kept


def test_what_two_true_runs_say_is_what_they_said(tmp_path: Path) -> None:
    found = documents(tmp_path)
    assert [d for what, one in found.items() for d in differences(one, kept(what), what)] == [], AGAIN
