"""The systems that this runs on, as a page, with the table of packages that `./run` and the program read.

python docs/reference/generate_systems.py > docs/reference/systems.md
"""

from collections.abc import Iterator

from chaosproof.targets.host_packages import INSTALL, package_names

HEAD = """\
# Systems

<!-- Written by docs/reference/generate_systems.py, with the packages of
chaosproof/targets/host_packages.json: change those, then run it again. -->

What is needed is Linux, Python 3.11 to 3.14, and the commands of the table below. `./run` installs what is missing,
as root or with a sudo that asks nothing, by apt-get, dnf or pacman; else it says what to ask for. `./run chaosproof
doctor` tries what the kernel can do, and names what forbids it.

| system | tried | Python | Prometheus |
|---|---|---|---|
| Debian 12 (bookworm) | `./run test --systems` | 3.11 | 2.42 |
| Debian 13 (trixie) | `./run test --systems` | 3.13 | 2.53 |
| Debian forky | `./run test --systems` | 3.14 | 3.5 |
| Ubuntu 24.04, 26.04; Fedora; Arch; NixOS | in words only, below | | |

Python 3.15 is refused: in November 2026 hdrhistogram and orjson have no wheel for it, and grpcio, MarkupSafe, PyYAML
and uvloop have one only from a version on that is newer than the pinned one.

Python 3.12 is tried in Debian 12, which does not bring it: `PYTHON=/path/to/python3.12 ./run s4`.

## What differs

**Debian 12, 13, forky.** Nothing is to be set: ordinary users may make user namespaces.

**Ubuntu 24.04 and 26.04.** AppArmor lets an ordinary user make a user namespace and then denies all that is done in
it. As root: `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`; or run as root. Chromium and its driver are
snaps there; only tests of the pages need them.

**Fedora and its relatives.** `sch_netem`, which delays, duplicates, corrupts and reorders, is in the package
kernel-modules-extra, of the very kernel that runs. Prometheus is golang-github-prometheus, or prometheus2 where a
repository of others brings it.

**Arch.** The kernel linux-hardened has `kernel.unprivileged_userns_clone=0`: as root, `sysctl -w
kernel.unprivileged_userns_clone=1`. Old lists of packages name files that are gone: `pacman -Syu` first.

**NixOS.** `nix-shell -p python3 iproute2 nftables iptables util-linux prometheus`, and in it `./run`. The compiled
packages of the index look for a loader and libraries where NixOS has none: `programs.nix-ld.enable = true`.

**Containers.** The seccomp filter of Docker and Podman forbids namespaces, and both hide parts of /proc, which a lab
mounts anew: `--security-opt seccomp=unconfined --security-opt apparmor=unconfined`, and `--security-opt
systempaths=unconfined` (Docker) or `--security-opt unmask=ALL` (Podman).

**A chroot.** In it Linux makes user namespaces for nobody, not for root either. What enters by `pivot_root`, as
systemd-nspawn does, is no chroot.

## Settings that forbid namespaces

| setting | forbids | on |
|---|---|---|
| `user.max_user_namespaces` | at 0, user namespaces; root needs none | hardened systems |
| `user.max_net_namespaces`, `user.max_mnt_namespaces`, `user.max_pid_namespaces` | at 0, those; to root as well | |
| `kernel.unprivileged_userns_clone` | at 0, user namespaces of ordinary users | linux-hardened, older Debian |
| `kernel.apparmor_restrict_unprivileged_userns` | at 1, whatever is done in those of ordinary users | Ubuntu |

`sysctl -w NAME=VALUE` holds until the next boot; a line `NAME=VALUE` in a file of `/etc/sysctl.d/` holds longer.

## How the environment is made

`./run` makes `.venv` (`CHAOSPROOF_VENV` names another folder) with the first Python that fits (`PYTHON` names one),
and installs `setup/run.lock` into it, every file held to its hash: by uv where that is on PATH or the index has it,
else by pip (`CHAOSPROOF_INSTALLER=pip` keeps to pip). A set-up that was interrupted is begun anew, and a second one
at the same time waits. Where the index is somebody's own, pip's settings say so for both.

"""


def page() -> str:
    """The whole page, in Markdown."""
    return HEAD + "\n".join(["## Packages\n", *_packages(), ""])


def _packages() -> Iterator[str]:
    yield f"| command | {' | '.join(INSTALL)} |"
    yield f"|---{'|---' * len(INSTALL)}|"
    for command, names in package_names().items():
        cells = [names[manager].replace("|", ", or ") for manager in INSTALL]
        yield f"| {command} | {' | '.join(cells)} |"


if __name__ == "__main__":
    print(page(), end="")
