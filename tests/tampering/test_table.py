"""The page of the cases is what the table is."""

from pathlib import Path

from tests.tampering.table import page


def test_the_page_names_every_case() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "liars.md").read_text()
    assert text == page(), "make it anew: .venv/bin/python -m tests.tampering.table > docs/reference/liars.md"
