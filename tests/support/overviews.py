"""Overviews to show: one that passes, and one in which things are amiss."""

from dataclasses import replace

from chaosproof.judge.check import failed, passed, unknown
from chaosproof.report.overview import Located, Overview, RunRow

PASSING = Overview(
    status="pass",
    profile="s4",
    made_at=1_795_306_212.0,
    commit="0123abc",
    required=(("SYS_S4", "pass"),),
    checks=(Located(passed("SYS_S4", "the comparison passes", "comparisons/s4/compare.json"), "S4 heals"),),
    runs=(
        RunRow("s4", "baseline", "fail", (("failed requests", "13.6 %"),), "runs/s4/baseline/x/report.html"),
        RunRow(
            "s4", "resilient", "pass", (("failed requests", "0.03 %"),), "runs/s4/resilient/x/report.html"
        ),
    ),
    score=100.0,
    categories=(("pair", 100.0),),
    missing=(),
)

HOSTILE = "100% of a|b <script>alert(1)</script> [x](y)\r\nnext::error::line, with: colon"

AMISS = replace(
    PASSING,
    status="fail",
    profile="all",
    required=(("SYS_S4", "fail"), ("SYS_S1", "unknown"), ("SYS_RECONNECT", "absent")),
    checks=(
        Located(failed("SYS_S4", HOSTILE, "x"), "S4 heals", "experiments/s4,2.json", 12),
        Located(unknown("SYS_S1", "not measured", "x")),
        Located(failed("PERF_R1_P50", "0.33 ms (at most 0.25)", "x"), "", "experiments/r1.json", 3),
        Located(failed("INFO_KERNEL", "old", "x")),
    ),
    score=41.5,
    missing=("SYS_RECONNECT is not in the pack",),
)
