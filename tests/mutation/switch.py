"""Which mutant of a function is called: the `wrap_in_trampoline` that mutmut's generated code asks for, made light.

mutmut's own one imports all of mutmut, and reads its settings from the current directory: a test that starts
`chaosproof` in another directory would fail for that alone, and so kill every mutant.
"""

import atexit
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

MUTANT = "CHAOSPROOF_MUTANT"  # the environment's variable, so that a process that a test starts has the mutant, too
HITS = "CHAOSPROOF_MUTANT_HITS"  # a folder into which such a process writes what it called

MutantDict = dict[str, Callable[..., Any]]

hits: set[str] = set()
_active = ["", ""]  # module, name


def choose(mutant: str) -> None:
    """From now on, and in every process started from now on, this one is called: `module.x_function__mutmut_3`."""
    os.environ[MUTANT] = mutant
    _active[:] = mutant.rpartition(".")[::2]


def wrap_in_trampoline(
    mutants: MutantDict, is_classmethod: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The signature is mutmut's; `mutants` is filled after this call, with the original as `_mutmut_orig`."""

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        module = function.__module__
        *classes, name = function.__qualname__.split(".")
        key = f"{module}.xǁ{'.'.join(classes)}ǁ{name}" if classes else f"{module}.x_{name}"

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            hits.add(key)
            chosen = mutants.get(_active[1]) if _active[0] == module else None
            chosen = chosen or mutants["_mutmut_orig"]
            if is_classmethod:
                return getattr(args[0], chosen.__name__)(*args[1:], **kwargs)
            return chosen(*args, **kwargs)

        return call

    return wrap


def _write_hits(folder: str) -> None:
    Path(folder, str(os.getpid())).write_text("\n".join(hits))


choose(os.environ.get(MUTANT, ""))
if HITS in os.environ:
    atexit.register(_write_hits, os.environ[HITS])
