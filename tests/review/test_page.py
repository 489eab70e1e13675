"""docs/reference/review.md is what the rules and the recorded journals say."""

import subprocess
import sys
from pathlib import Path


def test_the_page_is_generated() -> None:
    """A new rule, or another verdict of a recorded journal, shows in it."""
    command = [sys.executable, "docs/reference/generate_review.py"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert Path("docs/reference/review.md").read_text(encoding="utf-8") == printed
