"""How a check words what it quotes: values made short, counts with their noun."""

from typing import Any

__all__ = ["counted", "short"]

_SHOWN_CHARS = 240


def short(value: Any) -> str:
    """A value as it stands, cut where it is long."""
    shown = value if isinstance(value, str) else f"{value:.6g}" if isinstance(value, float) else repr(value)
    return shown if len(shown) <= _SHOWN_CHARS else shown[:_SHOWN_CHARS] + "..."


def counted(number_of: int, noun: str) -> str:
    """`1 probe`, `2 activities`."""
    if number_of == 1:
        return f"1 {noun}"
    return f"{number_of} {noun[:-1] + 'ies' if noun.endswith('y') else noun + 's'}"
