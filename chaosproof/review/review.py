"""Reviews files: each has a verdict of its own, and the worst of them counts for all."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding, verdict_of
from chaosproof.review.reading import NeitherError, files_in, read_document
from chaosproof.review.rules.registry import findings_of
from chaosproof.runfolder.checks import Status

__all__ = ["RefusedWords", "Review", "review_document", "review_file", "reviews_of"]

RefusedWords = Callable[[Mapping[str, Any], Mapping[str, Any]], Iterable[str]]
"""Says of an experiment and its variables which words of its faults a run would refuse, a sentence for each."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """What a review makes of a file. `document` is None where the file could not be read."""

    file: Path
    document: Document | None
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Status:
        """`pass`, `fail` or `unknown`."""
        return verdict_of(self.findings)

    @property
    def title(self) -> str:
        """What the experiment calls itself."""
        return self.document.title if self.document else self.file.name


def review_document(document: Document) -> Review:
    """The review of what has been read."""
    return Review(file=document.file, document=document, findings=findings_of(document))


def review_file(file: Path, refused_words: RefusedWords | None = None) -> Review:
    """The review of one file; of a file that cannot be read to its end it is `unknown`. Raises `NeitherError`.

    No fault is known here: `refused_words` is asked about those of an experiment.
    """
    try:
        document = read_document(file)
        if refused_words and document.kind == "experiment":
            sentences = refused_words(document.experiment, document.variables)
            document = replace(document, refused_words=tuple(sentences))
        return review_document(document)
    except NeitherError:
        raise
    except ChaosproofError as error:
        unreadable = Finding(
            code="unreadable",
            severity="warning",
            message=str(error),
            next_step="get the whole file, or run the experiment again",
        )
        return Review(file=file, document=None, findings=(unreadable,))


def reviews_of(paths: Iterable[Path], refused_words: RefusedWords | None = None) -> Iterator[Review]:
    """The reviews of the files, and of every journal and experiment in the folders. What is neither is passed over in a
    folder; as a file that was named it raises `UsageError`. `refused_words` is that of `review_file`.
    """
    for path in paths:
        if path.is_dir():
            yield from _reviews_in(path, refused_words)
        elif path.exists():
            yield review_file(path, refused_words)
        else:
            raise UsageError(f"{path} is not there")


def _reviews_in(folder: Path, refused_words: RefusedWords | None) -> Iterator[Review]:
    none = True
    for file in files_in(folder):
        try:
            review = review_file(file, refused_words)
        except NeitherError:
            continue
        none = False
        yield review
    if none:
        raise UsageError(f"{folder} holds no journal and no experiment (*.json, *.yaml, *.yml)")
