"""Which user a program of a lab runs as, and the lab's way to have more than one."""

import grp
import pwd

__all__ = ["user_ids"]


def user_ids(user: str) -> tuple[int, int] | None:
    """The uid and gid of `name`, `name:group`, `1000` or `1000:1000`; `None` for an empty one.

    Raises `ValueError` with a sentence for a name that this machine does not have.
    """
    if not user:
        return None
    name, _, group = user.partition(":")
    uid, gid = (int(name), int(name)) if name.isdigit() else _of_name(name)
    if group:
        gid = int(group) if group.isdigit() else _group(group)
    return uid, gid


def _of_name(name: str) -> tuple[int, int]:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise ValueError(f"this machine has no user {name!r}; write a number, or make the user") from None
    return entry.pw_uid, entry.pw_gid


def _group(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise ValueError(f"this machine has no group {name!r}; write a number, or make the group") from None
