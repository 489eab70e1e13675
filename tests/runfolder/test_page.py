"""docs/reference/run-folder.md says what the records say."""

import re

from docs import generate_run_folder as generator


def test_the_page_is_what_the_generator_makes():
    """A changed record changes the page: `python docs/generate_run_folder.py`."""
    text = generator.PAGE.read_text(encoding="utf-8")
    assert generator.page(text) == text


def test_every_record_has_its_table():
    """No file of a run is without documentation, and every key has a sentence."""
    names = re.findall(r"<!-- (\w+) -->\n", generator.PAGE.read_text(encoding="utf-8"))
    assert sorted(name for name in names if name != "end") == sorted(generator.records())
