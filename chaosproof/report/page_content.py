"""What a page states, read back from its HTML: its verdicts, the status of each check, the data of its plots.

So that a page of another version, which may look otherwise, can be held to what it says.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

__all__ = ["PageContent", "page_content"]

_BYTES_MAX = 8 << 20
"""A page has about a tenth of a megabyte; what is much larger is none, and not worth the time."""


@dataclass(frozen=True)
class PageContent:
    """`verdict` is that of the page, as its mark and its word have it; `rows` the verdict of each run or comparison
    that it lists, by its name; `checks` the status of each check by its id; `plots` the data of the plots, None where
    it has none, or none that can be read.
    """

    verdict: str
    rows: Mapping[str, str]
    checks: Mapping[str, str]
    plots: Any = field(repr=False)


def page_content(html: str) -> PageContent | None:
    """The content of a page; None when it is not built as the pages of this project are."""
    if len(html) > _BYTES_MAX:
        return None
    reader = _Reader()
    try:
        reader.feed(html)
        reader.close()
    except AssertionError:
        # what HTMLParser does with a declaration that no browser would read
        return None
    if not reader.verdicts:
        return None
    verdicts = dict.fromkeys(reader.verdicts)
    try:
        plots = json.loads(reader.plots)
    except (ValueError, RecursionError):
        plots = None
    return PageContent(" and ".join(verdicts), reader.rows, reader.checks, plots)


class _Reader(HTMLParser):
    """Collects what the templates mark: `p.verdict`, `span.mark` with the id of the check in `div.where`, the table
    `runs`, and the JSON of `script#data`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.verdicts: list[str] = []
        self.rows: dict[str, str] = {}
        self.checks: dict[str, str] = {}
        self.plots = ""
        self._place = ""
        self._mark = ""
        self._in_rows = False
        self._row = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        classes = values.get("class", "").split()
        if "verdict" in classes:
            self.verdicts += [values.get("data-verdict", ""), *(c for c in classes if c != "verdict")]
            self._place = "verdict"
        elif "mark" in classes:
            self._mark = " and ".join(c for c in classes if c != "mark")
            self._place = "mark"
        elif "where" in classes:
            self._place = "where"
        elif (tag, values.get("id")) == ("script", "data"):
            self._place = "plots"
        elif "runs" in classes and tag == "table":
            self._in_rows = True
        elif self._in_rows and tag in ("a", "td"):
            self._place = "row" if tag == "a" else values.get("data-label", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._in_rows = False
        if tag in ("p", "div", "li", "td", "a", "script"):
            self._place = ""

    def handle_data(self, data: str) -> None:
        content = data.strip()
        if self._place == "plots":
            self.plots += data
        elif not content:
            return
        elif self._place == "verdict":
            self.verdicts.append(content.lower())
        elif self._place == "where":
            self.checks[content.partition(" · ")[0]] = self._mark
        elif self._place == "row":
            self._row = content
        elif self._place == "mark":
            # the word beside the mark: hidden in a list of checks, shown in the table of runs
            self._mark, self._place = _both(self._mark, content), ""
            if self._in_rows:
                self.rows[self._row] = self._mark


def _both(mark: str, word: str) -> str:
    return mark if mark == word else f"{mark} and {word}"
