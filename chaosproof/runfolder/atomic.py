"""Files written whole or not at all: a reader, and a writer that is killed, find the old content or the new
one.
"""

import os
import tempfile
from pathlib import Path

from chaosproof.errors import ChaosproofError

__all__ = ["is_draft", "write_whole"]

_DRAFT = ".draft-"


def is_draft(path: Path) -> bool:
    """Whether `path` is what a killed writer left of a file that never came to be."""
    return path.name.startswith(_DRAFT)


def write_whole(path: Path, content: str) -> None:
    """Put `content` at `path`, durably; a file that says the same already is left alone.

    Raises ChaosproofError when it cannot be written; what was there before is there still.
    """
    data = content.encode()
    draft = ""
    try:
        if path.is_file() and path.read_bytes() == data:
            return
        descriptor, draft = tempfile.mkstemp(prefix=_DRAFT, dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
        draft = ""
    except OSError as error:
        raise ChaosproofError(
            f"cannot write {path}: {error.strerror}; the run's own files are untouched"
        ) from error
    finally:
        if draft:
            Path(draft).unlink(missing_ok=True)
