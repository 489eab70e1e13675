"""What is wrong with a system file, gathered: a reader mends all of it at once, each mistake by its line."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from chaosproof.errors import UsageError
from chaosproof.targets.system.yaml_lines import Document

__all__ = ["Mistake", "refuse"]


@dataclass(frozen=True)
class Mistake:
    """What is wrong at a place of the file, and what to write instead."""

    path: tuple[Hashable, ...]
    text: str


def refuse(document: Document, mistakes: Sequence[Mistake]) -> None:
    """Raise a `UsageError` with every mistake, in the order of the file; nothing where there is none."""
    if not mistakes:
        return
    # One place can break several rules of the schema in the same words.
    placed = sorted({(document.line_of(m.path), _named(m.path), m.text) for m in mistakes})
    sentences = [f"{document.path}:{line}: {where}: {text}." for line, where, text in placed]
    if len(sentences) == 1:
        raise UsageError(sentences[0])
    raise UsageError("\n  ".join([f"{document.path} has {len(sentences)} mistakes:", *sentences]))


def _named(path: Sequence[Hashable]) -> str:
    return ".".join(str(part) for part in path) or "the file"
