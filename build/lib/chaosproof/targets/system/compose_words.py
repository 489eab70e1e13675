"""Words of Compose that a lab does not have, and what to write instead of each."""

from collections.abc import Iterable

__all__ = ["instead"]

_NO_MEANING = "it has no meaning in a lab; leave it out"
_NO_IMAGE = "a lab runs programs of this machine, not images; leave it out and name the program in `command`"
_FILES = "programs of a lab see this machine's files; leave it out, and pass a path in `environment`"
_NETWORK = "every service of a lab reaches every other by its name; leave it out"
_LIMITS = "a lab sets no limits; leave it out, or set them in the command (ulimit, prlimit)"

_COMPOSE_WORDS = {
    **dict.fromkeys(("image", "build", "platform", "pull_policy"), _NO_IMAGE),
    **dict.fromkeys(("volumes", "volumes_from", "tmpfs", "configs", "secrets", "devices"), _FILES),
    **dict.fromkeys(("networks", "network_mode", "links", "external_links", "dns", "dns_search"), _NETWORK),
    **dict.fromkeys(("ulimits", "mem_limit", "cpus", "cpu_shares", "shm_size", "pids_limit"), _LIMITS),
    **dict.fromkeys(
        (
            "container_name",
            "labels",
            "annotations",
            "logging",
            "init",
            "tty",
            "stdin_open",
            "profiles",
            "expose",
        ),
        _NO_MEANING,
    ),
    **dict.fromkeys(("cap_add", "cap_drop", "privileged", "security_opt", "read_only"), _NO_MEANING),
    "hostname": "an instance's host name is its own, such as app-0; leave it out",
    "extra_hosts": "a lab's names are its services and instances; leave it out",
    "entrypoint": "put it in front of `command`",
    "deploy": "of it a lab has `replicas`, as a key of the service",
    "scale": "write `replicas`",
    "stop_signal": "a lab stops an instance with SIGTERM; leave it out",
    "extends": "write a YAML anchor and `<<: *anchor`",
    "include": "write all services into one file",
    "start_interval": "write `interval`; it counts from the start",
}


def instead(key: str, known: Iterable[str]) -> str:
    """What to write instead of a key that a system file does not have."""
    if key in _COMPOSE_WORDS:
        return _COMPOSE_WORDS[key]
    return f"unknown key {key!r}; known here: {', '.join(known)}"
