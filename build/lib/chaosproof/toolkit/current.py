"""The session of a run in Chaos Toolkit's configuration, which every control, activity and probe gets."""

from collections.abc import Mapping, MutableMapping
from typing import Any

from chaosproof.runner.session import Session, open_session
from chaosproof.toolkit.refusals.no_session import refuse_without_session

__all__ = ["has_begun", "keep_session", "session_of"]

_SESSION = "chaosproof_session"


def session_of(configuration: Mapping[str, Any] | None) -> Session:
    """The session of the run whose configuration this is; without one, of the system that runs already.

    Raises `TargetError` when there is neither; an experiment without a session is ended.
    """
    known = configuration or {}
    session = known.get(_SESSION)
    if isinstance(session, Session):
        return session
    refuse_without_session()
    return open_session(known)


def has_begun(configuration: Mapping[str, Any] | None) -> bool:
    """Whether a run with a folder of its own was begun with this configuration."""
    return _SESSION in (configuration or {})


def keep_session(session: Session, configuration: MutableMapping[str, Any]) -> None:
    """Put the session into the configuration, with its variables as checked and where the system is reached."""
    assert session.record is not None  # it has begun
    configuration.update(session.variables)
    configuration[_SESSION] = session
    if "prometheus" in session.record.endpoints:
        configuration["prometheus_base_url"] = session.record.endpoints["prometheus"]
