"""The `chaosproof` command in the test's own process: what it prints and how it ends, without starting Python anew."""

import os
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess
from unittest.mock import patch

from chaosproof.cli.main import main

__all__ = ["chaosproof"]


def chaosproof(*words: str | Path, cwd: Path) -> CompletedProcess[str]:
    """`chaosproof WORDS` in the folder `cwd`, on a terminal of 200 columns."""
    out, errors = StringIO(), StringIO()
    arguments = [str(word) for word in words]
    wide = patch.dict(os.environ, {"COLUMNS": "200"})
    with chdir(cwd), redirect_stdout(out), redirect_stderr(errors), wide:
        try:
            main(arguments)
        except SystemExit as ended:
            assert isinstance(ended.code, int)
            return CompletedProcess(arguments, ended.code, out.getvalue(), errors.getvalue())
