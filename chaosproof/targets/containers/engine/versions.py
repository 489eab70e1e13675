"""What an engine's answer to `GET /version` says: which engine it is, and which version of the API to ask for. Pure."""

from collections.abc import Mapping
from typing import Any, Literal

__all__ = ["API", "EngineKind", "kind_of", "wanted_api"]

EngineKind = Literal["podman", "docker"]

API = (1, 41)
"""The version that is asked for where an engine has it: Podman 4 and Docker 20.10 do."""


def wanted_api(answer: Mapping[str, Any]) -> tuple[int, int]:
    """`API`, or the nearest version that the engine has: Docker 29 has none below 1.44."""
    least, most = (_pair(answer.get(name)) for name in ("MinAPIVersion", "ApiVersion"))
    return min(max(API, least or API), most or API)


def kind_of(answer: Mapping[str, Any]) -> EngineKind:
    """Podman names itself among its components; all else that speaks this API is taken for Docker."""
    names = [str(each.get("Name", "")) for each in answer.get("Components") or ()]
    return "podman" if any("podman" in name.lower() for name in names) else "docker"


def _pair(text: Any) -> tuple[int, int] | None:
    major, _, minor = str(text or "").partition(".")
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else None
