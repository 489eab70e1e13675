"""Keeps a run's secrets out of what Chaos Toolkit prints and logs."""

import logging
from collections.abc import Collection, Mapping, MutableMapping
from typing import Any

from chaosproof.experiment.redaction import literal_headers, redact

__all__ = ["keep_out_of_journal", "keep_out_of_logs", "warn_of_literal_headers"]

# The rest of a journal is the experiment, as its author wrote it.
_OF_THE_RUN = ("run", "rollbacks", "steady_states")


def keep_out_of_logs(secrets: Collection[str]) -> None:
    """From here on no handler of any logger writes a secret."""
    loggers = (logging.getLogger(name) for name in (None, *logging.root.manager.loggerDict))
    for handler in {handler for logger in loggers for handler in logger.handlers}:
        handler.addFilter(_Redaction(secrets))


def keep_out_of_journal(journal: MutableMapping[str, Any], secrets: Collection[str]) -> None:
    """Take the secrets out of what the activities returned, in the journal that the toolkit writes too."""
    for key in _OF_THE_RUN:
        if key in journal:
            journal[key] = redact(journal[key], secrets)


def warn_of_literal_headers(experiment: Mapping[str, Any]) -> None:
    """A secret in the experiment's own file is copied with it, into each run folder and pack."""
    for name in dict.fromkeys(literal_headers(experiment)):
        logging.getLogger("chaostoolkit").warning(
            f"The value of the header {name} stands in the experiment's file, which every run folder and pack copies. "
            'Take it from the environment: "api_token": {"type": "env", "key": "API_TOKEN"} in the configuration, '
            'and "Bearer ${api_token}" as the value.'
        )


class _Redaction(logging.Filter):
    def __init__(self, secrets: Collection[str]) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            return True  # the handler says what is wrong with it
        record.msg, record.args = redact(message, self._secrets), ()
        return True
