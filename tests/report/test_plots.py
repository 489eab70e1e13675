"""The plots as data: each file of report/plots/ is found, and draws what the timeline says."""

from pathlib import Path

from chaosproof.report.plots import registry
from chaosproof.report.plots.base import PlotRun
from chaosproof.report.plots.registry import all_plots, draw_plots

TIMELINE = {
    "start_at": 100.0,
    "end_at": 100.4,
    "slot_s": 0.1,
    "slots": 4,
    "step_s": 1.0,
    "requests": [
        {"instance": "web-0", "code": "OK", "ok": True, "counts": [2, 1, 0, 2]},
        {"instance": "web-1", "code": "LOST", "ok": False, "counts": [0, 1, 3, 0]},
    ],
    "errors": {"ratio": [0.44]},
    "faults": [{"kind": "reset", "instance": "web-1", "applied_at": 100.1, "ended_at": None}],
}


def test_every_file_of_the_folder_is_a_plot_and_each_has_its_place() -> None:
    files = {file.stem for file in Path(registry.__file__).parent.glob("*.py")}
    plots = all_plots()
    assert len(plots) == len(files - {"__init__", "base", "registry"})
    assert len({plot.order for plot in plots}) == len(plots)


def test_the_figures_hold_what_the_timeline_says() -> None:
    """Successful requests first; a fault without an end lasts to the end of the run."""
    drawn = draw_plots([PlotRun("resilient", TIMELINE)])
    assert drawn is not None
    first = drawn.data[0]
    assert [(series["label"], series["values"]) for series in first["series"]] == [
        ("OK", [2, 1, 0, 2]),
        ("LOST", [0, 1, 3, 0]),
    ]
    (shade,) = first["shades"]
    assert (round(shade["from_s"], 6), round(shade["to_s"], 6)) == (0.1, 0.4)
    assert first["top"] == 3


def test_a_timeline_of_garbage_leaves_figures_out_and_does_not_crash() -> None:
    for garbage in (
        {"slots": 1},
        {"slots": 2, "requests": [{}, 3], "errors": 1, "latency": [], "bands": [{}]},
    ):
        assert draw_plots([PlotRun("baseline", garbage)]) is not None
    assert draw_plots([PlotRun("baseline", {"slots": 0})]) is None
