"""What a person or a program reads of the same files is what it read before, word for word."""

from pathlib import Path

import pytest

from .kept import AGAIN, GROUPS, PLACE, texts


@pytest.mark.parametrize("group", GROUPS)
def test_pages_tables_and_documents_say_what_they_said(tmp_path: Path, group: str) -> None:
    for name, text in texts(group, tmp_path):
        assert text.splitlines() == (PLACE / name).read_text().splitlines(), f"{name}; {AGAIN}"
