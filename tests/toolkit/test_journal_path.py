"""A journal that Chaos Toolkit could not write when all is over is a wrong call before anything is started."""

from pathlib import Path

import pytest

from chaosproof.errors import UsageError
from chaosproof.toolkit.refusals.journal_path import refuse_unwritable_journal


@pytest.mark.parametrize(
    "option", [["--journal-path", "{}"], ["--journal-path={}"]], ids=["two words", "one word"]
)
def test_a_journal_that_cannot_be_written_is_refused(tmp_path: Path, option: list[str]) -> None:
    for path in (tmp_path, tmp_path / "no" / "journal.json"):
        with pytest.raises(UsageError, match="name another file with --journal-path"):
            refuse_unwritable_journal(["run", *(word.format(path) for word in option), "exp.json"])


def test_a_read_only_folder_is_refused() -> None:
    with pytest.raises(UsageError, match="the folder /proc/self cannot be written"):
        refuse_unwritable_journal(["run", "--journal-path", "/proc/self/journal.json"])


def test_a_journal_that_can_be_written_is_no_matter(tmp_path: Path) -> None:
    refuse_unwritable_journal(["run", "--journal-path", str(tmp_path / "journal.json"), "exp.json"])
    refuse_unwritable_journal(["--version"])
    assert not list(tmp_path.iterdir())
