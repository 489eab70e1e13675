"""How a short Python program of ours is run inside an instance: by the plainest interpreter that there is."""

__all__ = ["python_argv"]

# the plain interpreter starts in a fifth of the time that a version manager's wrapper needs
_SHELL = 'p=/usr/bin/python3; [ -x $p ] || p=python3; exec $p -I -S -c "$0" "$@"'


def python_argv(program: str, *arguments: str) -> list[str]:
    """The command that runs the text `program`, which needs the standard library only, with its `arguments`."""
    return ["sh", "-c", _SHELL, program, *arguments]
