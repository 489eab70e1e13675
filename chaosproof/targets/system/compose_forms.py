"""Compose's forms of what a lab has, rewritten to the words of `system.schema.json`: one form per key from here on.

    environment: [DB=x, LEVEL]      ->  environment: {DB: x, LEVEL: (the caller's)}
    command: python -m api          ->  command: [python, -m, api]
    depends_on: {db: {condition: service_completed_successfully}}  ->  depends_on: [db], and db is `one_shot`
    healthcheck: {test: [CMD, pg_isready], interval: 5s}           ->  healthcheck: {test: [pg_isready], interval_s: 5}

What cannot be rewritten is a `Mistake`, and its key is left out, so that it is not answered twice. A value of a type
that is none of these forms stays for the schema to refuse.
"""

import re
import shlex
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

from chaosproof.targets.system.compose_durations import duration_s
from chaosproof.targets.system.env_file import read_env_file
from chaosproof.targets.system.interpolation import interpolated
from chaosproof.targets.system.mistakes import Mistake

__all__ = ["ComposeForms", "text_at"]

_CONDITIONS = ("service_healthy", "service_started", "service_completed_successfully")
_DEFAULT_LIMIT_S = 20.0

Where = tuple[Hashable, ...]


def text_at(where: Where) -> bool:
    """Whether the value there is text whatever it looks like: `PORT: 9000`, `restart: no`, `user: 1000`."""
    if where[:1] != ("services",):
        return False
    match where[2:]:
        case ("environment" | "command", _) | ("restart" | "user" | "command",) | ("healthcheck", "test", _):
            return True
    return False


class ComposeForms:
    """One reading of a file's value. `mistakes` grows with what could not be rewritten."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.mistakes: list[Mistake] = []
        self._folder = folder
        self._variables = variables

    def rewritten(self, value: Any) -> Any:
        """The file's value in the schema's forms, with variables replaced, without `version` and `x-` keys."""
        if not isinstance(value, Mapping):
            return value
        whole = {
            key: self._interpolated(part, (key,))
            for key, part in value.items()
            if key != "version" and not key.startswith("x-")
        }
        services = whole.get("services")
        if not isinstance(services, Mapping):
            return whole
        bodies = {
            name: self._service(name, body) if isinstance(body, Mapping) else body
            for name, body in services.items()
        }
        for name in self._one_shots(services):
            if isinstance(bodies.get(name), dict):
                bodies[name]["one_shot"] = True
        return {**whole, "services": bodies}

    def _mistake(self, where: Where, text: str) -> None:
        self.mistakes.append(Mistake(where, text))

    def _interpolated(self, value: Any, where: Where) -> Any:
        if isinstance(value, Mapping):
            return {key: self._interpolated(part, (*where, key)) for key, part in value.items()}
        if isinstance(value, list):
            return [self._interpolated(part, (*where, index)) for index, part in enumerate(value)]
        if not isinstance(value, str) or "$" not in value:
            return value
        try:
            text = interpolated(value, self._variables)
        except ValueError as error:
            self._mistake(where, str(error))
            return value
        # `replicas: ${REPLICAS:-2}` is a number once it is replaced.
        number = re.fullmatch(r"-?\d+(\.\d+)?|true|false", text) and not text_at(where)
        return yaml.safe_load(text) if number else text

    def _service(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        here: Where = ("services", name)
        result = {key: value for key, value in body.items() if not key.startswith("x-")}
        if isinstance(command := result.get("command"), str):
            self._replace(result, "command", here, lambda: shlex.split(command))
        env_file = result.pop("env_file", None)
        environment = result.get("environment")
        if env_file is not None or isinstance(environment, list | Mapping):
            result["environment"] = {
                **self._env_files(env_file, (*here, "env_file")),
                **self._environment(environment, (*here, "environment")),
            }
        if isinstance(result.get("ports"), list):
            del result["ports"]
            self._mistake(
                (*here, "ports"),
                "a lab gives each port a name, and publishes it on a free port: write `ports: {http: 8080}` with "
                "the number on which the program listens",
            )
        if isinstance(needs := result.get("depends_on"), Mapping):
            result["depends_on"] = self._needs(needs, (*here, "depends_on"))
        if isinstance(check := result.get("healthcheck"), Mapping):
            rewritten = self._healthcheck(check, (*here, "healthcheck"))
            result = {key: value for key, value in result.items() if key != "healthcheck"}
            if rewritten is not None:
                result["healthcheck"] = rewritten
        if "stop_grace_period" in result:
            seconds = self._seconds(result.pop("stop_grace_period"), (*here, "stop_grace_period"))
            if seconds is not None:
                result["stop_grace_period_s"] = seconds
        return result

    def _replace(self, body: dict[str, Any], key: str, here: Where, make: Any) -> None:
        try:
            body[key] = make()
        except ValueError as error:
            # A command is required: left out it would be a second mistake, so it stays as one word.
            body[key] = [str(body[key])]
            self._mistake((*here, key), f"cannot be split into words: {error}; write a list")

    def _env_files(self, value: Any, where: Where) -> dict[str, str]:
        settings: dict[str, str] = {}
        for entry in value if isinstance(value, list) else [] if value is None else [value]:
            entry = {"path": entry} if isinstance(entry, str) else entry
            if not isinstance(entry, Mapping) or not isinstance(entry.get("path"), str):
                self._mistake(where, "expected the path of a file, a list of them, or {path, required}")
                continue
            path = self._folder / entry["path"]
            if entry.get("required") is False and not path.exists():
                continue
            try:
                settings |= read_env_file(path, {**self._variables, **settings})
            except ValueError as error:
                self._mistake(where, str(error))
        return settings

    def _environment(self, value: Any, where: Where) -> dict[str, Any]:
        if not isinstance(value, list):
            entries = dict(value or {})
        else:
            entries = {}
            for index, entry in enumerate(value):
                if not isinstance(entry, str) or not entry.partition("=")[0]:
                    self._mistake((*where, index), f"expected NAME=value, got {entry!r}")
                    continue
                name, equals, text = entry.partition("=")
                entries[name] = text if equals else None
        # A name alone is passed on from the caller, where it is set.
        inherited = {name: self._variables[name] for name in entries if name in self._variables}
        return {
            name: inherited.get(name) if text is None else text
            for name, text in entries.items()
            if text is not None or name in inherited
        }

    def _needs(self, needs: Mapping[str, Any], where: Where) -> list[str]:
        for name, how in needs.items():
            keys = set(how) if isinstance(how, Mapping) else {"?"}
            condition = how.get("condition", "service_started") if isinstance(how, Mapping) else None
            if condition not in _CONDITIONS:
                self._mistake(
                    (*where, name), f"expected {{condition: {' or '.join(_CONDITIONS)}}}, got {how!r}"
                )
            elif keys - {"condition", "required"} or how.get("required", True) is not True:
                self._mistake((*where, name), "a lab knows `condition` only; leave the rest out")
        return list(needs)

    def _one_shots(self, services: Mapping[str, Any]) -> set[str]:
        needs = [
            body["depends_on"]
            for body in services.values()
            if isinstance(body, Mapping) and isinstance(body.get("depends_on"), Mapping)
        ]
        return {
            name
            for each in needs
            for name, how in each.items()
            if isinstance(how, Mapping) and how.get("condition") == "service_completed_successfully"
        }

    def _healthcheck(self, check: Mapping[str, Any], where: Where) -> dict[str, Any] | None:
        result = dict(check)
        test = result.get("test")
        if result.pop("disable", False) is True or test in ("NONE", ["NONE"]):
            return None
        if isinstance(test, str):
            result["test"] = ["sh", "-c", test]
        elif isinstance(test, list) and test[:1] == ["CMD"]:
            result["test"] = test[1:]
        elif isinstance(test, list) and test[:1] == ["CMD-SHELL"] and len(test) == 2:
            result["test"] = ["sh", "-c", test[1]]
        elif test is not None:
            self._mistake(
                (*where, "test"), "expected a command as text, or a list that begins with CMD or CMD-SHELL"
            )
        # Compose's words of time are those of one try; `timeout_s` is a lab's own, of the whole start.
        times = {
            theirs: self._seconds(result.pop(theirs), (*where, theirs))
            for theirs in ("interval", "timeout", "start_period")
            if theirs in result
        }
        tries = result.get("retries", 1)
        if (interval_s := times.get("interval")) is not None:
            result["interval_s"] = interval_s
        if (answer_s := times.get("timeout")) is not None:
            result["answer_timeout_s"] = answer_s
        if times and isinstance(tries, int):
            needed_s = (times.get("start_period") or 0.0) + tries * (
                (times.get("interval") or 0.0) + (times.get("timeout") or 0.0)
            )
            result.setdefault("timeout_s", max(_DEFAULT_LIMIT_S, needed_s))
        return result

    def _seconds(self, value: Any, where: Where) -> float | None:
        seconds = duration_s(value) if isinstance(value, str) else None
        if seconds is not None:
            return seconds
        self._mistake(where, f"expected a time such as 5s or 1m30s, got {value!r}")
        return None
