"""Reviews files: each has a verdict of its own, and the worst of them counts for all."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding, verdict_of
from chaosproof.review.reading import NeitherError, files_in, read_document
from chaosproof.review.rules.registry import findings_of
from chaosproof.runfolder.checks import Status

__all__ = ["Review", "review_document", "review_file", "reviews_of"]


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


def review_file(file: Path) -> Review:
    """The review of one file; of a file that cannot be read to its end it is `unknown`. Raises `NeitherError`."""
    try:
        return review_document(read_document(file))
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


def reviews_of(paths: Iterable[Path]) -> Iterator[Review]:
    """The reviews of the files, and of every journal and experiment in the folders. What is neither is passed over in a
    folder; as a file that was named it raises `UsageError`.
    """
    for path in paths:
        if path.is_dir():
            yield from _reviews_in(path)
        elif path.exists():
            yield review_file(path)
        else:
            raise UsageError(f"{path} is not there")


def _reviews_in(folder: Path) -> Iterator[Review]:
    none = True
    for file in files_in(folder):
        try:
            review = review_file(file)
        except NeitherError:
            continue
        none = False
        yield review
    if none:
        raise UsageError(f"{folder} holds no journal and no experiment (*.json, *.yaml, *.yml)")
