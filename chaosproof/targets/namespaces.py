"""Why namespaces cannot be made here: the setting, filter or container that forbids them, and what to do about it.

`FACTS` is a shell script that prints what there is to know, so that the same is asked on this machine and in a pod.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["FACTS", "Situation", "forbidden_by", "read_facts"]

FACTS = """
fact() { printf 'fact\\t%s\\t%s\\n' "$1" "$2"; }
for name in user/max_user_namespaces user/max_net_namespaces user/max_mnt_namespaces user/max_pid_namespaces \
    kernel/unprivileged_userns_clone kernel/apparmor_restrict_unprivileged_userns; do
  # not by read, which takes byte for byte where a shell is simple: the kernel gives the first alone
  value=$(cat /proc/sys/$name 2>/dev/null) && fact $name "$value"
done
while read -r name value _; do
  case $name in CapEff:|Seccomp:) fact $name "$value" ;; esac
done </proc/self/status
root=
while read -r _ _ _ _ point _; do [ "$point" = / ] && root=/; done </proc/self/mountinfo
fact root "$root"
if [ -n "$KUBERNETES_SERVICE_HOST" ]; then fact container Kubernetes
elif [ -e /run/.containerenv ]; then fact container Podman
elif [ -e /.dockerenv ]; then fact container Docker
elif [ -n "$container" ]; then fact container "$container"
fi
for name in apt-get dnf pacman; do
  if command -v $name >/dev/null; then fact manager $name; break; fi
done
"""

_LIMITS = {
    "user/max_user_namespaces": "15000",
    "user/max_net_namespaces": "15000",
    "user/max_mnt_namespaces": "15000",
    "user/max_pid_namespaces": "15000",
}
_CAP_SYS_ADMIN = 21
_LIFT = {
    "Kubernetes": "give the pod a securityContext with seccompProfile and appArmorProfile of type Unconfined",
    "": "start it with --security-opt seccomp=unconfined --security-opt apparmor=unconfined",
}
_UNMASK = {
    "Kubernetes": "give the container procMount: Unmasked",
    "Podman": "start it with --security-opt unmask=ALL",
    "": "start it with --security-opt systempaths=unconfined",
}


@dataclass(frozen=True)
class Situation:
    """What `FACTS` found. `settings` are sysctls by path; `container` is empty outside of one."""

    settings: Mapping[str, str] = field(default_factory=dict)
    capabilities: int = 0
    filtered: bool = False
    chroot: bool = False
    container: str = ""
    manager: str = ""

    def may(self, capability: int) -> bool:
        """Whether the process has the capability with this number."""
        return bool(self.capabilities >> capability & 1)


def read_facts(lines: Iterable[str]) -> Situation:
    """What the lines of `FACTS` say; other lines are passed over."""
    facts = {}
    for line in lines:
        mark, _, rest = line.rstrip("\n").partition("\t")
        if mark == "fact":
            name, _, value = rest.partition("\t")
            facts[name] = value
    return Situation(
        settings={name: value for name, value in facts.items() if "/" in name},
        capabilities=int(facts.get("CapEff:", "0"), 16),
        filtered=facts.get("Seccomp:") == "2",
        chroot=facts.get("root", "/") == "",
        container=facts.get("container", ""),
        manager=facts.get("manager", ""),
    )


def forbidden_by(message: str, situation: Situation) -> str:
    """What forbids it, and what to do, as sentences; empty when nothing is known that does.

    `message` is what the command printed that could not make a namespace, or could do nothing in one.
    """
    for setting, enough in _LIMITS.items():
        if situation.settings.get(setting) == "0":
            return _by_setting(setting, "0", enough, root_may=setting == "user/max_user_namespaces")
    if "No space left on device" in message:
        return _by_count(situation)
    masked = "mount" in message and "/proc" in message
    if situation.container and masked:
        return f"Parts of /proc are hidden in this container: {_way(_UNMASK, situation)}."
    if situation.chroot:
        return (
            "In a chroot Linux makes user namespaces for nobody, not for root either: enter the tree by pivot_root "
            "instead, as systemd-nspawn does."
        )
    if situation.may(_CAP_SYS_ADMIN):
        return ""
    if situation.settings.get("kernel/unprivileged_userns_clone") == "0":
        return _by_setting("kernel/unprivileged_userns_clone", "0", "1")
    restricted = situation.settings.get("kernel/apparmor_restrict_unprivileged_userns") == "1"
    by_apparmor = _by_setting("kernel/apparmor_restrict_unprivileged_userns", "1", "0")
    if situation.container and situation.filtered:
        beside = f" On the host, {by_apparmor}" if restricted else ""
        return f"The seccomp filter of this container forbids it: {_way(_LIFT, situation)}.{beside}"
    if restricted:
        return by_apparmor
    if situation.filtered:
        return (
            "A seccomp filter that this process has inherited forbids it, such as a sandbox's or that of a service "
            "with RestrictNamespaces=: run it outside of that."
        )
    return ""


def _by_setting(setting: str, value: str, allows: str, *, root_may: bool = True) -> str:
    name = setting.replace("/", ".")
    or_root = ", or run as root" if root_may else ""
    return f"{name}={value} forbids it: as root, sysctl -w {name}={allows}{or_root}."


def _by_count(situation: Situation) -> str:
    limits = [
        f"{name.replace('/', '.')}={value}" for name, value in situation.settings.items() if name in _LIMITS
    ]
    allowed = ", ".join(limits)
    return f"As many are in use as are allowed ({allowed}): end some, or raise the limit by sysctl -w."


def _way(ways: Mapping[str, str], situation: Situation) -> str:
    return ways.get(situation.container, ways[""])
