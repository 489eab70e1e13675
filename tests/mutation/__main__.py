"""The share of the mutants of judging and packing that the tests kill: all of them, or a sample of them.

Each small change that mutmut knows is made in each function, one at a time, and the tests that reach that function
are run until one fails. A mutant that no test fails for has survived, and is named. All of them take hours;
`--sample N` takes N at random, each as likely as any other, and the same ones for the same seed.

Try it: ./run test --mutation --sample 100

A line per module says how many of its mutants were killed. What each rule of the review has to show for itself:
./run test --mutation --modules review.rules --tests tests/review --each 10
"""

import importlib.util
import os
import sys
from pathlib import Path

from tests.mutation.make import PLACE, make
from tests.mutation.options import read_options


def main() -> None:
    read_options(__doc__)  # a wrong call ends here
    if importlib.util.find_spec("mutmut") is None:
        sys.exit("mutmut, which makes the mutants, is not installed: pip install -r requirements-dev.txt")
    print("making the mutants ...", flush=True)
    make()
    # In the copy a new Python, so that nothing of the work tree is imported; what its tests start is mutated, too.
    os.chdir(PLACE)
    os.environ["PYTHONPATH"] = str(Path.cwd())
    os.execv(sys.executable, [sys.executable, "-m", "tests.mutation.run", *sys.argv[1:]])


if __name__ == "__main__":
    main()
