"""Record the run in both modes that the liars bend: `.venv/bin/python -m tests.tampering.record`.

Do it again only when the format of a run folder has grown something that a lie could be about. The files stay as the
run left them; what is derived from them is left out.
"""

import sys
import tarfile
import tempfile
from pathlib import Path

from tests.support.chaos import run_s4
from tests.support.recorded_runs import DERIVED


def main() -> int:
    data = Path(__file__).parent / "data"
    data.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for mode, expected in (("baseline", "fail"), ("resilient", "pass")):
            run = run_s4(Path(folder) / mode, mode=mode)
            if run.folder is None or run.summary["verdict"] != expected:
                print(
                    run.stdout,
                    run.stderr,
                    f"the {mode} run is no {expected}: nothing recorded",
                    file=sys.stderr,
                )
                return 1
            with tarfile.open(data / f"s4-{mode}.tar.gz", "w:gz", compresslevel=9) as packed:
                for path in sorted(run.folder.rglob("*")):
                    name = path.relative_to(run.folder).as_posix()
                    if path.is_file() and name not in DERIVED:
                        packed.add(path, f"{mode}/{name}")
            print(f"{mode}: recorded", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
