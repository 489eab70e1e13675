"""However Chaos Toolkit ends, the run is closed and judged, and only a pass leaves it completed."""

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from chaoslib.run import Runner
from chaoslib.types import Journal, Strategy

from chaosproof.toolkit import control
from tests.toolkit.probing import OUTPUTS

SESSION = {"name": "session", "provider": {"type": "python", "module": "chaosproof.controls.session"}}
RANGE = {"type": "range", "range": [0, 1]}


def probe(what: str = "fine", tolerance: Any = RANGE) -> dict[str, Any]:
    provider = {
        "type": "python",
        "module": "tests.toolkit.probing",
        "func": "measures",
        "arguments": {"what": what},
    }
    return {"type": "probe", "name": what, "tolerance": tolerance, "provider": provider}


def action(func: str = "acts", **more: Any) -> dict[str, Any]:
    provider = {"type": "python", "module": "tests.toolkit.probing", "func": func}
    return {"type": "action", "name": "acts", "provider": provider, **more}


def experiment(*probes: Mapping[str, Any], controls: Any = (SESSION,), method: Any = ()) -> dict[str, Any]:
    return {
        "title": "t",
        "description": "d",
        "controls": list(controls),
        "steady-state-hypothesis": {"title": "h", "probes": list(probes) or [probe()]},
        "method": list(method),
        "rollbacks": [],
    }


class Ended(list[tuple[Mapping[str, Any], str | None]]):
    """Each end of the session: the journal as it was saved, and why it ended early."""


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ended:
    """A session without a system and without files, which is judged a pass."""
    ends = Ended()
    session = SimpleNamespace(folder=tmp_path, record=None, lab="lab", secrets=frozenset())
    monkeypatch.setattr(control, "begin", lambda *_: session)
    monkeypatch.setattr(
        control, "keep_session", lambda session, settings: settings.update(chaosproof_session=session)
    )
    monkeypatch.setattr(control, "session_of", lambda settings: session)
    monkeypatch.setattr(control, "start_warmup", lambda *_: None)
    monkeypatch.setattr(
        control, "Progress", lambda *_: SimpleNamespace(start=lambda: None, stop=lambda: None)
    )
    monkeypatch.setattr("chaosproof.toolkit.events._record", lambda *_: None)
    monkeypatch.setattr(
        control, "save_and_take_down", lambda session, journal, url, why: ends.append((dict(journal), why))
    )
    monkeypatch.setattr(
        control,
        "conclude",
        lambda folder: SimpleNamespace(status="unknown" if ends[-1][1] else "pass", checks=()),
    )
    monkeypatch.setattr(control, "print_verdict", lambda *_: None)
    monkeypatch.setattr("sys.excepthook", sys.excepthook)
    monkeypatch.setattr(
        "sys.argv", ["/usr/bin/chaos", "run", "--journal-path", str(tmp_path / "journal.json")]
    )
    return ends


def run(content: dict[str, Any], strategy: Strategy = Strategy.DEFAULT) -> Journal:
    journal: Journal = Runner(strategy).run(
        content, settings={"runtime": {"rollbacks": {"strategy": "always"}}}
    )
    return journal


def test_a_run_that_ends_well_is_closed_once(ended: Ended) -> None:
    assert run(experiment())["status"] == "completed"
    assert [why for _, why in ended] == [None]


@pytest.mark.parametrize("what", [name for name in OUTPUTS if name != "fine"])
def test_an_output_that_is_no_number_is_not_within_a_tolerance(ended: Ended, what: str) -> None:
    journal = run(experiment(probe(what)))
    before = journal["steady_states"]["before"]
    assert (before["steady_state_met"], journal["status"]) == (False, "failed")
    assert "measured" in before["probes"][0]["exception"][-1]
    assert len(ended) == 1


def test_a_probe_of_the_method_that_measured_no_number_has_failed(ended: Ended) -> None:
    without = {key: value for key, value in probe("nan").items() if key != "tolerance"}
    journal = run(experiment(method=[without]))
    assert journal["run"][0]["status"] == "failed"


def _tolerance_raises(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("chaoslib.hypothesis.within_tolerance", lambda *_, **__: 1 / 0)


def _activity_raises(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("chaoslib.activity.run_python_activity", lambda *_: 1 / 0)


@pytest.mark.parametrize("breaks", [_tolerance_raises, _activity_raises])
def test_a_toolkit_that_dies_leaves_a_run_that_is_closed(
    ended: Ended,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    breaks: Callable[..., None],
) -> None:
    breaks(monkeypatch)
    with pytest.raises(ZeroDivisionError) as died:
        run(experiment())
    assert [why for _, why in ended] == ["Chaos Toolkit itself failed: ZeroDivisionError: division by zero"]
    sys.excepthook(died.type, died.value, died.tb)
    printed = capsys.readouterr().err
    assert "Chaos Toolkit itself failed, so the run is no pass" in printed and "Traceback" not in printed


def test_an_address_that_is_none_ends_the_run_with_a_sentence(ended: Ended, caplog: Any) -> None:
    http = {"type": "http", "url": "${endpoint_shop_http}/readyz"}
    journal = run(experiment({"type": "probe", "name": "ready", "tolerance": 200, "provider": http}))
    assert journal["status"] == "interrupted"
    assert "'${endpoint_shop_http}/readyz', which is no http:// address" in caplog.text
    assert [why for _, why in ended] == ["the run was interrupted"]


@pytest.mark.parametrize(
    ("controls", "sentence"),
    [
        ([SESSION, {**SESSION, "name": "again"}], "listed 2 times"),
        ([SESSION, SESSION], "listed 2 times"),
        ([{**SESSION, "scope": "before"}], "has a `scope`"),
    ],
)
def test_a_session_that_is_not_there_once_at_both_ends_is_refused(
    ended: Ended, caplog: Any, controls: Any, sentence: str
) -> None:
    assert run(experiment(controls=controls))["status"] == "interrupted"
    assert sentence in caplog.text
    assert ended == []


@pytest.mark.parametrize("background", [False, True], ids=["in the foreground", "in the background"])
@pytest.mark.parametrize(
    "controls",
    [[], [{"name": "session", "provider": {"type": "python", "module": "controls.sesion"}}]],
    ids=["no control", "a misspelt one"],
)
def test_an_action_without_a_session_ends_the_experiment_and_does_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: Any, controls: Any, background: bool
) -> None:
    monkeypatch.setattr("chaosproof.toolkit.current.open_session", lambda _: pytest.fail("it acts"))
    pauses = {"after": 0.2} if background else {}
    rest = {**probe(), "name": "more", "pauses": pauses}
    journal = run(experiment(controls=controls, method=[action(background=background), rest]))
    assert journal["status"] == "interrupted"
    assert "The experiment has no session" in caplog.text


def test_the_end_comes_while_main_logs_nothing(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    """The toolkit ends by an exception in the main thread: raised there where it has just taken the lock of a handler,
    it leaves the lock taken, and the experiment waits for its background for ever."""
    log = logging.getLogger("chaostoolkit")
    ended_while: list[bool] = []

    def main_logs() -> bool:
        stack = traceback.extract_stack(sys._current_frames()[threading.main_thread().ident or 0])
        return any(frame.filename == logging.__file__ for frame in stack)

    class Taken(logging.Handler):
        """When the background says its sentence, the main thread waits to say one, too."""

        def emit(self, record: logging.LogRecord) -> None:
            while record.levelno == logging.FATAL and not main_logs():
                time.sleep(0.001)

    def measures(what: str) -> float:
        while not ended_while:
            log.info("still measuring")
            time.sleep(0.01)
        return 0.5

    caplog.set_level(logging.INFO, "chaostoolkit")
    monkeypatch.setattr(log, "handlers", [Taken()])
    monkeypatch.setattr(
        "chaosproof.toolkit.refusals.no_session.exit_gracefully", lambda: ended_while.append(main_logs())
    )
    monkeypatch.setattr("tests.toolkit.probing.measures", measures)
    background = action(background=True)
    run(experiment(controls=[], method=[background, {**probe(), "name": "more"}]), Strategy.AFTER_METHOD)
    assert ended_while == [False]


def test_a_program_may_act_on_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.toolkit.probing import acts

    monkeypatch.setattr("chaosproof.toolkit.current.open_session", lambda _: SimpleNamespace(lab="its own"))
    assert acts() == "its own"
