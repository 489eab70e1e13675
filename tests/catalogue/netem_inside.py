"""One experiment of the catalogue, in a kernel that has netem; prints one line `RESULT {...}`, in JSON.

python -m tests.catalogue.netem_inside delay
"""

import json
import sys
import tempfile
from pathlib import Path

from tests.support.catalogue import run, unmet

FAULT_S = 30


def main(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        # an emulated processor is slow: the fault must outlast what is measured under it
        exit_code, summary, rows = run(Path(folder), name, timeout_s=400, fault_s=FAULT_S)
        result = {
            "name": name,
            "exit_code": exit_code,
            "verdict": summary["verdict"],
            "unmet": unmet(rows),
            "faults": summary["faults"],
        }
        print("RESULT", json.dumps(result), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
