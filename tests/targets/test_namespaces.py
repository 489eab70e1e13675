"""What forbids namespaces is named, with what to do about it."""

import subprocess
from pathlib import Path

import pytest

from chaosproof.targets.namespaces import FACTS, Situation, forbidden_by, read_facts

_ALL = (1 << 41) - 1
_APPARMOR = {"kernel/apparmor_restrict_unprivileged_userns": "1"}
_DENIED = "unshare: unshare failed: Operation not permitted"


@pytest.mark.parametrize(
    ("message", "situation", "sentence"),
    [
        (
            "unshare: unshare failed: No space left on device",
            Situation({"user/max_user_namespaces": "0"}),
            "user.max_user_namespaces=0 forbids it: as root, sysctl -w user.max_user_namespaces=15000, or run as root.",
        ),
        (
            "unshare: unshare failed: No space left on device",
            Situation({"user/max_net_namespaces": "0"}, capabilities=_ALL),
            "user.max_net_namespaces=0 forbids it: as root, sysctl -w user.max_net_namespaces=15000.",
        ),
        (
            "unshare: unshare failed: No space left on device",
            Situation({"user/max_user_namespaces": "7"}),
            "As many are in use as are allowed (user.max_user_namespaces=7): end some, or raise the limit by "
            "sysctl -w.",
        ),
        (
            _DENIED,
            Situation({"kernel/unprivileged_userns_clone": "0", "user/max_user_namespaces": "9"}),
            "kernel.unprivileged_userns_clone=0 forbids it: as root, sysctl -w kernel.unprivileged_userns_clone=1, or "
            "run as root.",
        ),
        (
            "unshare: write failed /proc/self/uid_map: Operation not permitted",
            Situation(_APPARMOR),
            "kernel.apparmor_restrict_unprivileged_userns=1 forbids it: as root, sysctl -w "
            "kernel.apparmor_restrict_unprivileged_userns=0, or run as root.",
        ),
        (
            _DENIED,
            Situation(filtered=True, container="Docker"),
            "The seccomp filter of this container forbids it: start it with --security-opt seccomp=unconfined "
            "--security-opt apparmor=unconfined.",
        ),
        (
            _DENIED,
            Situation(_APPARMOR, filtered=True, container="Kubernetes"),
            "The seccomp filter of this container forbids it: give the pod a securityContext with seccompProfile and "
            "appArmorProfile of type Unconfined. On the host, kernel.apparmor_restrict_unprivileged_userns=1 forbids "
            "it: as root, sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or run as root.",
        ),
        (
            "unshare: mount /proc failed: Operation not permitted",
            Situation(capabilities=_ALL, container="Podman"),
            "Parts of /proc are hidden in this container: start it with --security-opt unmask=ALL.",
        ),
        (
            _DENIED,
            Situation(chroot=True, capabilities=_ALL),
            "In a chroot Linux makes user namespaces for nobody, not for root either: enter the tree by pivot_root "
            "instead, as systemd-nspawn does.",
        ),
        (
            _DENIED,
            Situation(filtered=True),
            "A seccomp filter that this process has inherited forbids it, such as a sandbox's or that of a service "
            "with RestrictNamespaces=: run it outside of that.",
        ),
        (_DENIED, Situation({"user/max_user_namespaces": "9", "kernel/unprivileged_userns_clone": "1"}), ""),
        (_DENIED, Situation(_APPARMOR, capabilities=_ALL), ""),
    ],
    ids=[
        "no user namespaces", "no network namespaces", "all in use", "debian and arch", "ubuntu", "docker",
        "kubernetes on ubuntu", "hidden proc", "chroot", "sandbox", "nothing known", "root on ubuntu",
    ],
)  # fmt: skip
def test_what_forbids_is_named_with_its_remedy(message, situation, sentence):
    """The setting of the system, the filter of the container, or nothing where nothing is known to."""
    assert forbidden_by(message, situation) == sentence


def _facts(*enter, **environment):
    done = subprocess.run(
        [*enter, "sh", "-c", FACTS],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment},
    )
    return read_facts(done.stdout.splitlines())


def test_the_facts_of_this_machine_are_read():
    """The sysctls that there are, and the process's own rights and filter."""
    here = _facts()
    limit = Path("/proc/sys/user/max_user_namespaces").read_text(encoding="ascii")
    assert here.settings["user/max_user_namespaces"] == limit.strip()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    status = dict(line.split(":\t") for line in status.splitlines() if ":\t" in line)
    assert here.capabilities == int(status["CapEff"], 16)
    assert here.filtered == (status["Seccomp"].strip() == "2")
    assert not here.chroot


def test_a_process_without_rights_is_seen_to_have_none():
    """Its capabilities are those that the kernel says it has."""
    enter = ["unshare", "--user", "--map-root-user", "setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    assert _facts(*enter).capabilities == 0


def test_a_container_is_known_by_what_it_leaves():
    """Kubernetes by the variable that it sets, which counts before what the container's engine leaves."""
    assert _facts(KUBERNETES_SERVICE_HOST="10.0.0.1").container == "Kubernetes"


def test_a_chroot_is_seen(tmp_path):
    """In it no mount has the root folder as its place."""
    for folder in ("bin", "lib", "lib64", "usr", "proc"):
        (tmp_path / folder).mkdir()
    mounts = "; ".join(
        f"[ ! -d /{folder} ] || mount --rbind /{folder} {tmp_path}/{folder}"
        for folder in ("bin", "lib", "lib64", "usr", "proc")
    )
    script = f'{mounts}; exec chroot {tmp_path} "$@"'
    assert _facts("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh").chroot
