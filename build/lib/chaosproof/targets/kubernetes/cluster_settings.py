"""What an experiment's variables say of the cluster: pure, and checked before anything is asked of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chaosproof.errors import UsageError

__all__ = ["ClusterSettings", "cluster_settings", "read_selector"]

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_IMAGE = "image_"


@dataclass(frozen=True)
class ClusterSettings:
    """`deployed`: the services are there already, and stay. `images`: by the chart's name for them, such as `chaos`."""

    namespace: str
    context: str | None = None
    deployed: bool = False
    keep: bool = False
    selector: Mapping[str, str] | None = None
    images: Mapping[str, str] = field(default_factory=dict)


def cluster_settings(
    variables: Mapping[str, Any], *, default_namespace: str | None = None
) -> ClusterSettings:
    """Read `namespace`, `context`, `deployed`, `keep`, `service`, `selector`, `image_...`; `UsageError` otherwise.

    Where nobody names a namespace, it is `default`, as for kubectl.
    """
    namespace = str(variables.get("namespace") or default_namespace or "default")
    if not _NAME.fullmatch(namespace):
        raise UsageError(f"namespace must be a name of small letters, digits and dashes, not {namespace!r}.")
    selector = variables.get("selector")
    if selector and not variables.get("service"):
        raise UsageError("selector says which pods belong to a service: name that service, too.")
    return ClusterSettings(
        namespace=namespace,
        context=str(variables["context"]) if variables.get("context") else None,
        deployed=_flag("deployed", variables.get("deployed", False)) or bool(variables.get("service")),
        keep=_flag("keep", variables.get("keep", False)),
        selector=read_selector(str(selector)) if selector else None,
        images={
            name.removeprefix(_IMAGE): str(value)
            for name, value in variables.items()
            if name.startswith(_IMAGE) and value
        },
    )


def read_selector(text: str) -> dict[str, str]:
    """`app=checkout,tier=web` as labels; anything else is a `UsageError`."""
    labels: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = part.strip().partition("=")
        if not equals or not key or not value or "!" in key or value.startswith("="):
            raise UsageError(f"selector must read KEY=VALUE,KEY=VALUE, such as app=checkout, not {text!r}.")
        labels[key] = value
    return labels


def _flag(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    raise UsageError(f"{name} must be true or false, not {value!r}.")
