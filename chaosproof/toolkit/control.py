"""The session around a run: target up, steady load, and afterwards everything saved, then judged.

Chaos Toolkit swallows what a control raises, but for `InterruptExecution`, and calls a run completed whose
only fault raised. So every way out of here sets the journal's status, and only a verdict of pass leaves it
completed.
"""

import logging
import sys
from collections.abc import Mapping

from chaoslib.exceptions import InterruptExecution
from chaoslib.types import Configuration, Experiment, Journal, Secrets

from chaosproof.errors import ChaosproofError
from chaosproof.experiment.experiment import read_experiment
from chaosproof.experiment.redaction import redact
from chaosproof.runner.finish import save_and_take_down
from chaosproof.runner.lifecycle import begin
from chaosproof.runner.load.warmup import start_warmup
from chaosproof.runner.progress import Progress
from chaosproof.runner.prometheus import down_targets
from chaosproof.toolkit.current import has_begun, keep_session, session_of
from chaosproof.toolkit.death import CloseAnyhow
from chaosproof.toolkit.interruption import EndingSignals, leave_signals
from chaosproof.toolkit.log_redaction import keep_out_of_journal, keep_out_of_logs, warn_of_literal_headers
from chaosproof.toolkit.refusals.journal_path import refuse_unwritable_journal
from chaosproof.toolkit.refusals.listed_once import refuse_other_than_once
from chaosproof.toolkit.reports.verdict_state import add_verdict_state
from chaosproof.toolkit.verdict import conclude, print_verdict

__all__ = ["begin_session", "close_anyhow", "end_session"]

_LOG = logging.getLogger("chaostoolkit")
_PROGRESS = "chaosproof_progress"
_ENDED = "chaosproof_ended"
_SIGNALS = "chaosproof_signals"


def begin_session(
    experiment: Experiment, configuration: Configuration, secrets: Secrets | None = None
) -> None:
    """Check the settings, bring the target up, start the warm-up load and wait `warmup_s` of it.

    What goes wrong ends the run with one sentence (`InterruptExecution`), before any fault.
    """
    settings = {} if configuration is None else configuration
    refuse_other_than_once(experiment)
    signals = settings[_SIGNALS] = EndingSignals()
    signals.attend()
    try:
        refuse_unwritable_journal(sys.argv[1:])
        # Chaos Toolkit does not hand its command line to a control.
        session = begin(experiment, settings, sys.argv[1:], secrets)
        keep_session(session, settings)
        keep_out_of_logs(session.secrets)
        warn_of_literal_headers(experiment)
        extension = read_experiment(experiment)
        settings[_PROGRESS] = Progress(session.folder, _prometheus(settings), extension.watch)
        settings[_PROGRESS].start()
        start_warmup(session, settings)
        _warn_of_missing_metrics(_prometheus(settings))
    except ChaosproofError as error:
        raise InterruptExecution(str(error)) from error
    except Exception as error:
        # the toolkit would swallow it and go on, without a session or with half of one
        raise InterruptExecution(f"The session could not begin: {error!r}") from error


def close_anyhow(configuration: Configuration) -> CloseAnyhow:
    """What closes and judges the run, where the toolkit dies before it comes to the end of the session."""
    settings = {} if configuration is None else configuration

    def close(journal: Journal, died_of: Exception | None) -> None:
        if has_begun(settings) and _ENDED not in settings:
            journal["status"] = "aborted"
            end_session(journal, settings, died_of)

    return CloseAnyhow(close)


def end_session(journal: Journal, configuration: Configuration, died_of: Exception | None = None) -> None:
    """Save everything, take the target down, judge, and let the journal's status follow from the verdict."""
    settings = {} if configuration is None else configuration
    if not has_begun(settings):
        # Nothing was begun: whatever the journal says, nothing was proven either.
        journal["status"] = "interrupted" if journal["status"] == "completed" else journal["status"]
        leave_signals()
        return
    untouched_status = journal["status"]
    signals: EndingSignals = settings[_SIGNALS]
    signals.note_in(journal)
    journal["status"] = "aborted"
    session = session_of(settings)
    settings[_ENDED] = True
    try:
        if _PROGRESS in settings:
            settings[_PROGRESS].stop()
        ended = untouched_status in ("completed", "failed")
        keep_out_of_journal(journal, session.secrets)
        by = f" by {signals.received}" if signals.received else ""
        interrupted = None if ended else f"the run was {untouched_status}{by}"
        if died_of is not None:
            reason = f"{type(died_of).__name__}: {died_of}"
            interrupted = redact(f"Chaos Toolkit itself failed: {reason}", session.secrets)
        saved = {**journal, "status": untouched_status}
        save_and_take_down(session, saved, _prometheus(settings), interrupted)
        verdict = conclude(session.folder)
    except Exception as error:
        print(f"The run could not be judged: {error}", file=sys.stderr)
        journal["chaosproof"] = {"verdict": "unknown", "reason": str(error), "run_dir": str(session.folder)}
        return
    finally:
        leave_signals()
    journal["chaosproof"] = {"verdict": verdict.status, "run_dir": str(session.folder)}
    journal["status"] = untouched_status
    if verdict.status == "fail":
        journal["deviated"] = True
    elif verdict.status == "unknown" and untouched_status == "completed":
        journal["status"] = "failed"
    reasons = [(check.id, check.details) for check in verdict.checks if check.status == verdict.status]
    add_verdict_state(journal, verdict.status, reasons, ("judge", str(session.folder)))
    print_verdict(session.folder, verdict)


def _warn_of_missing_metrics(prometheus: str | None) -> None:
    """Say which targets Prometheus could not scrape so far: a probe or a claim that asks for theirs gets no answer."""
    if prometheus is None:
        return
    try:
        for target in down_targets(prometheus, timeout_s=1.0):
            _LOG.warning(target.sentence)
    except ChaosproofError as error:
        _LOG.debug(str(error))


def _prometheus(settings: Mapping[str, object]) -> str | None:
    url = settings.get("prometheus_base_url")
    return str(url) if url else None
