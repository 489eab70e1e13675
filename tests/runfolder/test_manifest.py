"""MANIFEST.sha256: what its reader takes for a line."""

from pathlib import Path

import pytest

from chaosproof.runfolder.manifest import changed_since


@pytest.mark.parametrize(
    "line",
    [
        "abc  session.json",
        f"{'0' * 64} session.json",
        f"{'0' * 63}  session.json",
        f"{'0' * 64}  ",
        "session.json",
    ],
)
def test_a_manifest_with_a_line_that_is_none_is_said_to_be_unreadable(tmp_path: Path, line: str) -> None:
    (tmp_path / "MANIFEST.sha256").write_text(line + "\n")
    assert changed_since(tmp_path) == (f"MANIFEST.sha256 cannot be read: {line!r} is not a line of sha256sum")
