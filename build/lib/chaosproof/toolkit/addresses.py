"""The address that an HTTP activity calls. Chaos Toolkit dies of one that is none, such as of a variable that it does
not have.
"""

from collections.abc import Mapping
from typing import Any

from chaoslib import substitute
from chaoslib.exceptions import InterruptExecution
from chaoslib.types import Configuration, Secrets

from chaosproof.json_access import mapping

__all__ = ["refuse_wrong_address"]


def refuse_wrong_address(activity: Mapping[str, Any], configuration: Configuration, secrets: Secrets) -> None:
    """Raise `InterruptExecution` when the activity calls what is no http:// or https:// address."""
    provider = mapping(activity.get("provider"))
    if provider.get("type") != "http":
        return
    url = str(substitute(provider.get("url"), configuration, secrets))
    if not url.startswith(("http://", "https://")):
        raise InterruptExecution(
            f"{activity.get('type')} {activity.get('name')!r} calls {url!r}, which is no http:// address. "
            f"{_known(configuration)}"
        )


def _known(configuration: Configuration) -> str:
    names = sorted(name for name in configuration or {} if str(name).startswith("endpoint_"))
    if names:
        return f"The endpoints of this run are {', '.join(f'${{{name}}}' for name in names)}."
    return "Write http://127.0.0.1:PORT/PATH, or a variable of the experiment that holds it."
