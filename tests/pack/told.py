"""What is said of each lie and each mistake, word for word: kept in `told.json`, so that a change is seen.

A change that is meant is written down by running the tests with CHAOSPROOF_TOLD=write; read its difference in git.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from tests.pack.steady import steady

PLACE = Path(__file__).with_name("told.json")


def assert_told(group: str, name: str, lines: Iterable[object], folder: Path) -> None:
    """These are the lines that were said of `name` before; `folder` is the test's own, and of no interest."""
    said = [
        steady(str(line)).replace(str(folder), "FOLDER").replace(str(folder.parent), "FOLDERS")
        for line in lines
    ]
    kept = json.loads(PLACE.read_text()) if PLACE.exists() else {}
    if os.environ.get("CHAOSPROOF_TOLD") == "write":
        kept.setdefault(group, {})[name] = said
        PLACE.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    assert said == kept.get(group, {}).get(name), (
        "if this is meant: run these tests with CHAOSPROOF_TOLD=write"
    )
