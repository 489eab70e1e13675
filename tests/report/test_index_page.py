"""The page over all runs of a pack."""

from chaosproof.report.index import index_page
from tests.support.overviews import AMISS, PASSING


def test_the_page_says_the_gates_verdict_for_people_and_programs():
    assert 'data-verdict="pass"' in index_page(PASSING)
    assert 'data-verdict="fail"' in index_page(AMISS)


def test_every_run_has_a_row_that_leads_to_its_page():
    page = index_page(PASSING)
    assert all(f'href="{run.page}"' in page for run in PASSING.runs)


def test_a_required_check_that_is_absent_is_shown_as_failed():
    assert "the pack does not have this check, which counts as failed" in index_page(AMISS)


def test_what_a_file_says_is_never_html():
    assert "<script>alert" not in index_page(AMISS)


def test_the_page_loads_nothing():
    page = index_page(AMISS)
    assert "default-src 'none'" in page
    assert "http://" not in page and "https://" not in page
