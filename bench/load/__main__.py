"""`python -m bench.load [pacing|stall|capacity|memory|all]`: tables of figures, and whether bounds are kept.

Exit code 1 when a bound is missed. The server has one core and the tools another; use an otherwise idle
machine. `--quick` is for trying, not for figures.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from bench.load import capacity, memory, pacing, stall
from bench.load.quiet import others_watched
from bench.load.server_process import running_server
from bench.load.tools import TOOLS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument(
        "what", nargs="?", default="all", choices=["pacing", "stall", "capacity", "memory", "all"]
    )
    parser.add_argument("--runs", type=int, default=3, help="the median of so many runs is shown (default 3)")
    parser.add_argument("--quick", action="store_true", help="one short run of each")
    parser.add_argument("--tools", default=",".join(TOOLS), help="which to compare (default %(default)s)")
    options = parser.parse_args()
    runs, quick = (1 if options.quick else options.runs), options.quick
    tools = {name: tool for name, tool in TOOLS.items() if name in options.tools.split(",")}
    kept = True
    with tempfile.TemporaryDirectory(prefix="chaosproof-bench-") as name, others_watched():
        folder = Path(name)
        with running_server(folder) as server:
            if options.what in ("pacing", "all"):
                kept &= pacing.run(server, folder, tools, runs=runs, duration_s=5 if quick else 30)
            if options.what in ("stall", "all"):
                kept &= stall.run(server, folder, tools, runs=runs, duration_s=10 if quick else 20)
            if options.what in ("capacity", "all"):
                kept &= capacity.run(server, folder, tools, runs=runs, duration_s=2 if quick else 5)
            if options.what in ("memory", "all"):
                kept &= memory.run(server, folder, duration_s=20 if quick else 600)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
