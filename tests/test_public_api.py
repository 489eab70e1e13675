"""The public Python API: few names, each documented, none imported before it is used, and an example that holds."""

import doctest
import inspect
import subprocess
import sys
from pathlib import Path

import chaosproof
from tests.support.runs import resilient_run


def test_the_example_of_the_package_holds():
    """The docstring of `chaosproof` is run."""
    results = doctest.testmod(chaosproof)
    assert results.attempted == 3 and results.failed == 0


def test_there_are_a_dozen_names_at_most_and_each_says_what_it_is():
    """Every public name can be had, and has a docstring of its own."""
    assert len(chaosproof.__all__) <= 12
    assert [name for name in chaosproof.__all__ if not inspect.getdoc(getattr(chaosproof, name))] == []


def test_a_saved_run_is_judged_by_the_public_name(tmp_path: Path):
    """`judge_run` is the verdict from files alone."""
    assert chaosproof.judge_run(resilient_run().write(tmp_path)).status == "pass"


def test_nothing_is_imported_before_it_is_used():
    """Importing the package brings none of its rooms, so that the command starts quickly."""
    code = "import sys, chaosproof; print([name for name in sys.modules if name.startswith('chaosproof.')])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == "[]"
