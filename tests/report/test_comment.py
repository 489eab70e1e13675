"""A verdict in four lines: whatever is in it, it stays four, and starts nothing of its own."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproof.report.formats.comment import Headline, comment
from chaosproof.runfolder.checks import Check
from tests.support.cli import chaosproof
from tests.support.packs import BASELINE_STAMP, RESILIENT_STAMP, true_pair

FAILING = (
    Check("SHOP_USERS", "fail", "14 % of the requests failed. Next: see in report.html", "summary.json"),
    Check("SYS_FAULT_HIT", "unknown", "met nobody", "faults.jsonl"),
    Check("SHOP_BACK", "fail", "9 s", "summary.json"),
)


def test_four_lines_say_what_it_is_what_was_asked_what_was_seen_and_what_fails() -> None:
    text = comment(
        Headline(
            "fail",
            "shop-web-reset, resilient",
            "Do users notice?",
            ["requests 600", "failed 14 %"],
            15,
            FAILING,
        )
    )
    assert text.splitlines() == [
        "### ❌ Chaosproof: shop-web-reset, resilient: fail  ",
        "Do users notice?  ",
        "requests 600; failed 14 %  ",
        "3 of 15 checks do not pass: SHOP\\_USERS (fail): 14 % of the requests failed; SYS\\_FAULT\\_HIT (unknown): "
        "met nobody; and 1 more",
    ]


def test_where_all_is_well_the_last_line_says_so_and_where_nothing_was_asked_that() -> None:
    assert comment(Headline("pass", "a", "q", ["x"], 15, ())).endswith("\nAll 15 checks pass.\n")
    assert comment(Headline("unknown", "a", "", [], 0, ())).endswith("\nNothing was checked.\n")


@given(st.text(), st.text(), st.lists(st.text(), max_size=3), st.text())
def test_whatever_is_said_it_stays_four_lines(
    subject: str, question: str, figures: list[str], details: str
) -> None:
    text = comment(Headline("fail", subject, question, figures, 1, [Check("X", "fail", details, "")]))
    assert len(text.splitlines()) == 4
    assert "<" not in text.replace("&lt;", "")


def test_nobody_is_called_by_name() -> None:
    """A comment with @everybody in it would write to everybody."""
    assert "@everybody" not in comment(Headline("fail", "@everybody", "@everybody", ["@everybody"], 1, ()))


@pytest.fixture(scope="module")
def journals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("journals")
    true_pair(folder)
    return folder


def test_the_command_says_it_of_a_run(journals: Path) -> None:
    done = chaosproof("verdict", journals / "s4" / "resilient" / RESILIENT_STAMP, cwd=Path())
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("### ✅ Chaosproof: s4, resilient: pass")
    assert len(done.stdout.splitlines()) == 4


def test_of_a_folder_of_runs_it_is_the_newest(journals: Path) -> None:
    assert RESILIENT_STAMP > BASELINE_STAMP
    assert chaosproof("verdict", journals, cwd=Path()).stdout.startswith(
        "### ✅ Chaosproof: s4, resilient: pass"
    )


def test_a_comparison_stands_above_the_runs_that_it_compares(journals: Path) -> None:
    compared = chaosproof("compare", "s4", "--journals", journals, cwd=Path())
    assert compared.returncode in (0, 1, 2), compared.stderr
    done = chaosproof("verdict", journals, cwd=Path())
    assert done.stdout.splitlines()[0].startswith("### "), done.stderr
    assert "s4, baseline against resilient" in done.stdout.splitlines()[0]
    assert "→" in done.stdout.splitlines()[2]


def test_where_there_is_nothing_to_say_the_call_was_wrong(tmp_path: Path) -> None:
    done = chaosproof("verdict", tmp_path, cwd=tmp_path)
    assert done.returncode == 64
    assert "no run, no comparison and no pack" in done.stderr
