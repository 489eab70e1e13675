"""A client program that is run beside an instance, to its end, and prints its answer as JSON."""

import json
from collections.abc import Sequence
from typing import Any

from chaosproof.errors import ChaosproofError
from chaosproof.targets import Target

__all__ = ["run_client"]


def run_client(target: Target, instance: str, argv: Sequence[str], *, timeout_s: float) -> dict[str, Any]:
    """Run `argv` to its end beside `instance` and return the JSON that it prints.

    Exit code 1 means that the service refused, which is an answer too; `ChaosproofError` when there is no answer.
    """
    result = target.run(instance, argv, timeout_s=timeout_s, inside="program")
    if result.exit_code not in (0, 1):
        message = result.stderr.strip() or result.stdout.strip() or "it printed nothing"
        raise ChaosproofError(
            f"The client {' '.join(argv)} ended with exit code {result.exit_code}: {message}"
        )
    try:
        answer: dict[str, Any] = json.loads(result.stdout)
    except ValueError as error:
        printed = (result.stdout + result.stderr)[-300:]
        raise ChaosproofError(f"The client {' '.join(argv)} printed no JSON: {printed!r}.") from error
    return answer
