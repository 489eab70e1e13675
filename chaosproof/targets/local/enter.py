"""The command that enters fresh namespaces, which a lab is made in; or why this machine makes none."""

import os
import subprocess
import sys

from chaosproof.errors import UsageError
from chaosproof.targets.host_command import run_to_end
from chaosproof.targets.host_packages import how_to_install, manager_of_host
from chaosproof.targets.local import all_users
from chaosproof.targets.namespaces import FACTS, forbidden_by, read_facts

__all__ = ["enter_command"]

_FRESH = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
_UNKNOWN = "Run as root, or, in a container, with the right to make user namespaces and to mount /proc."
# A system may make the namespaces and deny all that is done in them (AppArmor, on Ubuntu): so something is done.
_TRIAL = ("ip", "link", "set", "lo", "up")


def enter_command(path: str) -> list[str]:
    """The words before a command that runs it in fresh namespaces; `UsageError` says what forbids it.

    `path` is where programs are looked for.
    """
    environment = {**os.environ, "PATH": path}

    def tried(enter: list[str]) -> "subprocess.CompletedProcess[str]":
        argv = [*enter, *_TRIAL]
        try:
            return subprocess.run(argv, capture_output=True, text=True, env=environment, check=False)
        except FileNotFoundError:
            way = how_to_install("unshare", manager_of_host())
            raise UsageError(f"The command 'unshare' is missing; {way}.") from None

    # Root can keep every user in it, so that programs can give up root as they do elsewhere.
    with_all_users = [sys.executable, "-IS", all_users.__file__, "unshare", *_FRESH]
    if os.geteuid() == 0 and tried(with_all_users).returncode == 0:
        return with_all_users
    with_user = ["unshare", "--user", "--map-root-user", *_FRESH]
    refused = tried(with_user)
    if refused.returncode == 0:
        return with_user
    # Root needs no user namespace for the rest, where user namespaces are forbidden.
    if os.geteuid() == 0 and tried(["unshare", *_FRESH]).returncode == 0:
        return ["unshare", *_FRESH]
    message = refused.stderr.strip()
    facts = read_facts(run_to_end(["sh", "-c", FACTS]).stdout.splitlines())
    raise UsageError(
        f"This system does not let user {os.getuid()} make namespaces ({message}). "
        + (forbidden_by(message, facts) or _UNKNOWN)
    )
