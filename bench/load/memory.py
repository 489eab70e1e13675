"""Memory: the greatest resident size of the generator over ten minutes at 2,000 requests/s."""

import json
import subprocess
import sys
from pathlib import Path

from bench.load.server_process import Server, on_core
from bench.load.table import print_table

__all__ = ["run"]

RATE_RPS = 2000.0
PEAK_MB_MAX = 150.0


def run(server: Server, folder: Path, *, duration_s: float = 600.0) -> bool:
    """Print the sizes as they grew; whether the peak keeps its bound."""
    server.reset()
    plan = {"url": server.url, "rate_rps": RATE_RPS, "duration_s": duration_s, "connections": 50}
    (folder / "plan.json").write_text(json.dumps(plan))
    argv = [sys.executable, "-m", "chaosproof.load.generator", "--plan", str(folder / "plan.json")]
    sizes = []
    with subprocess.Popen(on_core([*argv, "--out", str(folder / "load")])) as worker:
        while True:
            try:
                worker.wait(duration_s / 5)
                break
            except subprocess.TimeoutExpired:
                sizes.append(_peak_mb(worker.pid))
    done = json.loads((folder / "load" / "load-done.json").read_text())
    head = ["", *(f"{(number + 1) * duration_s / 5:.0f} s" for number in range(len(sizes))), "requests"]
    row = ["peak resident MB", *(f"{size:.1f}" for size in sizes), str(done["recorded"])]
    print_table(f"memory: {RATE_RPS:g} requests/s for {duration_s:g} s", head, [row])
    kept = done["complete"] and max(sizes) <= PEAK_MB_MAX
    print(f"  peak within {PEAK_MB_MAX:g} MB, and the load complete: {'yes' if kept else 'NO'}")
    return bool(kept)


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
