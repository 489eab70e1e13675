"""A Procfile: one program a line, `NAME: COMMAND`.

Its starters give each program a `PORT`: 5000 for the first, 5100 for the second, and so on. A lab does the same.
"""

import re

from chaosproof.errors import UsageError
from chaosproof.init.discover.command_line import service_name, split_command
from chaosproof.init.survey import LeftOut, Program, Survey

__all__ = ["read_procfile"]

_LINE = re.compile(r"([A-Za-z0-9_-]+):\s*(\S.*)")
_PORT = re.compile(r"\$(?:PORT\b|\{PORT(?::-[^}]*)?\})")
_FIRST_PORT, _STEP = 5000, 100
# what ends by itself is no service
_PHASES = ("release",)


def read_procfile(text: str, env_files: tuple[str, ...] = ()) -> Survey:
    """The programs of a Procfile, each with the variables of `env_files`; `UsageError` names a line with a mistake."""
    programs: list[Program] = []
    left_out: list[LeftOut] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise UsageError(f"Procfile:{number}: expected NAME: COMMAND, got {line.strip()!r}.")
        name, command = match.groups()
        if name in _PHASES:
            left_out.append(LeftOut(f"{name} of the Procfile", "it ends by itself, so it is no service"))
            continue
        port = _FIRST_PORT + _STEP * len(programs)
        environment, argv = split_command(_PORT.sub(str(port), command), f"Procfile:{number}")
        programs.append(
            Program(
                service_name(name),
                argv,
                "Procfile",
                environment={"PORT": str(port), **environment},
                env_files=env_files,
                ports=(port,) if _PORT.search(command) else (),
            )
        )
    return Survey(tuple(programs), left_out=tuple(left_out))
