"""In which order Chaos Toolkit tells its handlers that a run is over."""

from chaoslib.run import EventHandlerRegistry, RunEventHandler

__all__ = ["register_before_events"]

_WRITER = "chaostoolkit.events"


def register_before_events(registry: EventHandlerRegistry, handler: RunEventHandler) -> None:
    """Have `handler` told before the writer of `chaos run --events-file`, whose last row is to be of the verdict."""
    places = (place for place, each in enumerate(registry.handlers) if type(each).__module__ == _WRITER)
    registry.handlers.insert(next(places, len(registry.handlers)), handler)
