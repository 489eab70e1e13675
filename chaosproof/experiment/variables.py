"""`${name}` in the data of an experiment, resolved from the variables that the session wrote down."""

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["resolve"]

_NAME = re.compile(r"\$\{([^}]*)\}")


def resolve(value: Any, variables: Mapping[str, Any]) -> Any:
    """`value` with each `${name}` replaced; a value that is one `${name}` as a whole keeps the variable's
    type.

    Raises KeyError with the name that the session does not know.
    """
    if not isinstance(value, str):
        return value
    if whole := _NAME.fullmatch(value):
        return variables[whole.group(1)]
    return _NAME.sub(lambda match: str(variables[match.group(1)]), value)
