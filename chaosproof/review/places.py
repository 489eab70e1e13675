"""Where a finding is shown: the line of a file at which its JSON pointer points, in JSON and in YAML."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import yaml

from chaosproof.json_access import text as text_of
from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding

__all__ = ["Located", "line_of"]

_IN_EXPERIMENT = (
    ("/experiment", ""),
    ("/run", "/method"),
    ("/steady_states/before", "/steady-state-hypothesis"),
    ("/steady_states/after", "/steady-state-hypothesis"),
    ("/steady_states", "/steady-state-hypothesis"),
)


@dataclass(frozen=True)
class Located:
    """The experiments that are at hand, by file: a finding of a journal is shown at its line of them."""

    texts: Mapping[Path, str]

    @classmethod
    def among(cls, documents: Sequence[Document | None]) -> Self:
        """Those of these documents that are experiments."""
        return cls({d.file: d.text for d in documents if d is not None and d.kind == "experiment"})

    def of(self, finding: Finding, file: Path, document: Document | None) -> tuple[Path, int]:
        """The file and the line of a finding in `file`.

        A journal is of the experiment with its title. Where that is not at hand, it is the first line of the journal.
        """
        if document is None:
            return file, 1
        if document.kind == "experiment":
            return file, line_of(document.text, finding.pointer)
        title = text_of(document.experiment.get("title"))
        own = next((path for path, content in self.texts.items() if title and title in content), None)
        return (own, line_of(self.texts[own], _in_experiment(finding.pointer))) if own else (file, 1)


def _in_experiment(pointer: str) -> str:
    """The pointer into the experiment of a pointer into a journal of it."""
    for journal, experiment in _IN_EXPERIMENT:
        if pointer.startswith(journal):
            return experiment + pointer.removeprefix(journal).removesuffix("/output")
    return pointer


def line_of(text: str, pointer: str) -> int:
    """The line, counted from 1, of the value that `pointer` (RFC 6901) names; of what is nearest above it, where the
    text has no such value. JSON is read as the YAML that it nearly is; where it is none (an escaped emoji), the line is
    that of the first key of the pointer.
    """
    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return _by_key(text, _parts(pointer))
    line = 1
    for part in _parts(pointer):
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == part), None)
            if pair is None:
                break
            key, node = pair
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
            node = node.value[int(part)]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _parts(pointer: str) -> Sequence[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _by_key(text: str, parts: Sequence[str]) -> int:
    """The line of the first key of the pointer, where the text is no YAML."""
    match = re.search(rf'"{re.escape(parts[0])}"\s*:', text) if parts else None
    return text.count("\n", 0, match.start()) + 1 if match else 1
