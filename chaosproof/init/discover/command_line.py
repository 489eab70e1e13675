"""A command as a person writes it, split into what a lab starts without a shell.

PORT=8000 python shop.py     ->  {PORT: 8000} and [python, shop.py]
cat a | python filter.py     ->  [sh, -c, "cat a | python filter.py"], for a shell is what it needs
"""

import re
import shlex

from chaosproof.errors import UsageError
from chaosproof.init.survey import Program

__all__ = ["named_command", "service_name", "split_command"]

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_NEEDS_A_SHELL = re.compile(r"[|&;<>`*]|\$[A-Za-z_({]")


def named_command(text: str) -> Program:
    """The program of `NAME=COMMAND`; `UsageError` for another form."""
    name, equals, command = text.partition("=")
    if not equals or not command.strip():
        raise UsageError(
            f"--service takes NAME=COMMAND, such as --service 'shop=python shop.py', not {text!r}."
        )
    environment, argv = split_command(command, f"--service {name}")
    return Program(service_name(name.strip()), argv, "--service", environment=environment)


def split_command(command: str, where: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """The variables in front of a command, and its words; `where` it stands, for the `UsageError` of a mistake."""
    try:
        argv = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"{where}: {command!r} cannot be split into words: {error}.") from error
    environment: dict[str, str] = {}
    while argv and _ASSIGNMENT.match(argv[0]):
        name, _, value = argv.pop(0).partition("=")
        environment[name] = value
    if not argv:
        raise UsageError(f"{where}: {command!r} names no program.")
    if _needs_a_shell(command):
        return {}, ("sh", "-c", command.strip())
    return environment, tuple(argv)


def service_name(name: str) -> str:
    """`name` as a system file writes it: `Web_API` is `web-api`; `UsageError` where it cannot be written so."""
    written = name.lower().replace("_", "-").replace(".", "-")
    if not _NAME.fullmatch(written):
        raise UsageError(
            f"A service's name has small letters, digits and dashes, begins with a letter and ends without a dash: "
            f"{name!r} does not."
        )
    return written


def _needs_a_shell(command: str) -> bool:
    """Whether something outside of quotes is for a shell; within them a program may take it."""
    unquoted = re.sub(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"", "", command)
    in_double = "".join(re.findall(r"\"((?:[^\"\\]|\\.)*)\"", command))
    return bool(_NEEDS_A_SHELL.search(unquoted) or re.search(r"\$[A-Za-z_({]|`", in_double))
