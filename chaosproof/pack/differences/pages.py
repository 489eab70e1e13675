"""Pages: what they state is held against what the raw files lead to; how they look may be another version's."""

from collections.abc import Iterator, Mapping

from chaosproof.pack.differences.base import JUDGED_AGAIN, Difference
from chaosproof.pack.differences.json_values import leaf_in_words, leaves
from chaosproof.report.page_content import PageContent, page_content

__all__ = ["page_differences", "shown_otherwise"]


def page_differences(name: str, there: str, content: str) -> Iterator[Difference]:
    """Where a page of another version states something else than this version's page of the same files.

    A verdict or a status is a difference; data of the plots and all the rest are `by_version`, as nothing but the hash
    of the file holds them.
    """
    stated, now = page_content(there), page_content(content)
    if stated is None or now is None:
        yield Difference(
            name, "it is not built as the pages of this version, so its hash alone holds it", by_version=True
        )
        return
    if shown := _stated_otherwise(stated, now):
        yield Difference(name, shown)
        return
    if plots := _drawn_otherwise(stated, now):
        yield Difference(name, plots, by_version=True)
    yield Difference(
        name,
        "its verdicts and the status of each check are as the files say; its words are not this version's, and "
        "its hash alone holds them",
        by_version=True,
    )


def shown_otherwise(there: str, content: str) -> str:
    """In words, the first thing that a page states otherwise than the files say; empty when it is only text."""
    stated, now = page_content(there), page_content(content)
    if now is None:
        return ""
    if stated is None:
        return "it is no page of a run, a comparison or a pack: it shows no verdict"
    return _stated_otherwise(stated, now, every_id=True) or _drawn_otherwise(stated, now)


def _stated_otherwise(stated: PageContent, now: PageContent, *, every_id: bool = False) -> str:
    if stated.verdict != now.verdict:
        return f"it shows the verdict {_quoted(stated.verdict)}, and the files lead to {_quoted(now.verdict)}"
    # a page that lists runs lists each of them, in any version; of checks, each version has its own
    every_row = every_id or bool(stated.rows)
    return _differing(stated.rows, now.rows, every_row) or _differing(stated.checks, now.checks, every_id)


def _differing(stated: Mapping[str, str], now: Mapping[str, str], every: bool) -> str:
    for name in [*now, *(name for name in stated if name not in now)]:
        if name not in stated or name not in now:
            if every:
                was = f"shows {_quoted(name)}" if name in stated else f"does not show {_quoted(name)}"
                return f"it {was}, and the files lead to {'none' if name in stated else now[name]}"
        elif stated[name] != now[name] and (every or name != JUDGED_AGAIN):
            return f"it shows {_quoted(stated[name])} for {_quoted(name)}, and the files lead to {now[name]}"
    return ""


def _drawn_otherwise(stated: PageContent, now: PageContent) -> str:
    leaf = next(leaves(stated.plots, now.plots), None)
    return f"the data of its plots: {leaf_in_words(leaf)}" if leaf else ""


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:80] + "...")
