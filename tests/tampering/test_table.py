"""The page of the liars is what the suite is."""

from pathlib import Path

from tests.tampering.lies import LIARS
from tests.tampering.table import page


def test_the_page_of_the_liars_names_every_liar() -> None:
    kept = Path(__file__).resolve().parents[2] / "docs" / "reference" / "liars.md"
    assert kept.read_text() == page(), (
        "make it anew: .venv/bin/python -m tests.tampering.table > docs/reference/liars.md"
    )


def test_no_liar_has_another_ones_name() -> None:
    names = [liar.name for liar in LIARS]
    assert len(set(names)) == len(names) >= 40
