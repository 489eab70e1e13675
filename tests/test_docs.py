"""The pages: what they link to is there."""

import re
import subprocess
from pathlib import Path

import pytest

PAGES = sorted(
    Path(name)
    for name in subprocess.run(
        ["git", "ls-files", "*.md", ":!tests"], capture_output=True, text=True, check=True
    ).stdout.split()
)


def headings(page):
    """The anchors that GitHub gives to the headings of a page."""
    lines = re.findall(r"^#+ +(.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).strip().replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_relative_link_resolves(page):
    """A link names a file of this repository and, after #, one of its headings."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), f"{page} links to {link}"
        if anchor and target.suffix == ".md":
            assert anchor in headings(target), f"{page} links to {link}, and there is no such heading"
