"""Two true runs and their comparison say what they said, word for word and figure for figure."""

from typing import Any

import pytest

from .golden import AGAIN, differences, documents, kept


@pytest.fixture(scope="module")
def derived(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return documents(tmp_path_factory.mktemp("golden"))


@pytest.mark.parametrize("what", ["checks", "summary", "timeline", "comparison"])
def test_what_two_true_runs_say_is_what_they_said(derived: dict[str, Any], what: str) -> None:
    assert differences(derived[what], kept(what)) == [], AGAIN
