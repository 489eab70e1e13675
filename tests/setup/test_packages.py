"""Missing packages are named, and installed, as the system at hand calls them.

dnf and pacman are no programs of the machines that run this: scripts stand in for them and print how they were called.
"""

import pytest

from chaosproof.targets.host_packages import INSTALL, package_names
from tests.setup.shell import bin_folder, shell

_NEEDED = "python3 ip tc ss nft iptables unshare nsenter setpriv flock prometheus"
_CALLED = 'printf "%s\\n" "$0 $*" | sed "s,.*/,," >>"$CALLS"'
_AS_ROOT = {"id": "echo 0"}
_AS_USER = {"id": "echo 1000"}


@pytest.fixture
def calls(tmp_path):
    """The file that the stand-ins write their calls to."""
    return tmp_path / "calls"


def _lines(calls):
    return calls.read_text().splitlines() if calls.exists() else []


@pytest.mark.parametrize("manager", INSTALL)
def test_the_shell_reads_the_names_that_the_program_reads(manager, tmp_path):
    """Every command of the table, in every system."""
    path = bin_folder(tmp_path / "bin", {})
    for command, names in package_names().items():
        assert shell(f"packages_of {manager} {command}", path=path).stdout == names[manager]


def test_everything_that_is_needed_has_a_package():
    """What ./run asks for is in the table, or a missing one would be installed by no name."""
    asked = shell('echo "$NEEDED $NEEDED_BY_TESTS python3"', path="/usr/bin:/bin").stdout.split()
    assert set(asked) <= set(package_names())


@pytest.mark.parametrize(
    ("manager", "calling"),
    [
        (
            "apt-get",
            [
                "apt-get update -qq",
                "apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends "
                "iproute2 iptables nftables prometheus python3-venv util-linux",
            ],
        ),
        (
            "dnf",
            [
                "dnf -q info golang-github-prometheus",
                "dnf install -y -q --setopt=install_weak_deps=False "
                "golang-github-prometheus iproute iproute-tc iptables-nft nftables python3 util-linux",
            ],
        ),
        (
            "pacman",
            ["pacman -S --needed --noconfirm iproute2 iptables nftables prometheus python util-linux"],
        ),
    ],
)
def test_root_installs_by_the_manager_that_is_there(manager, calling, tmp_path, calls):
    """One call for all packages, without questions."""
    path = bin_folder(tmp_path / "bin", {manager: _CALLED, **_AS_ROOT})
    done = shell("install_packages", path=path, CALLS=str(calls))
    assert (done.returncode, _lines(calls)) == (0, calling), done.stderr


def test_a_system_that_calls_prometheus_otherwise_gets_that(tmp_path, calls):
    """The second of two names, where dnf does not know the first."""
    dnf = f'{_CALLED}; [ "$3" != golang-github-prometheus ]'
    others = {name: "exit 0" for name in _NEEDED.split() if name != "prometheus"}
    path = bin_folder(tmp_path / "bin", {"dnf": dnf, **others, **_AS_ROOT})
    assert shell("install_packages", path=path, CALLS=str(calls)).returncode == 0
    assert _lines(calls)[-1] == "dnf install -y -q --setopt=install_weak_deps=False prometheus2"


@pytest.mark.parametrize(
    ("manager", "sentence"),
    [
        ("apt-get", "ask for: sudo apt-get install --no-install-recommends nftables"),
        ("dnf", "ask for: sudo dnf install nftables"),
        ("pacman", "ask for: sudo pacman -S --needed nftables"),
    ],
)
def test_an_ordinary_user_is_told_what_to_ask_for(manager, sentence, tmp_path, calls):
    """Nothing is called without root."""
    others = {name: "exit 0" for name in _NEEDED.split() if name != "nft"}
    path = bin_folder(tmp_path / "bin", {manager: _CALLED, **others, **_AS_USER})
    done = shell("install_packages", path=path, CALLS=str(calls))
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, f"run: {sentence}")
    assert _lines(calls) == []


def test_a_system_with_another_manager_gets_a_sentence(tmp_path):
    """The commands, and what Debian calls their packages."""
    others = {name: "exit 0" for name in _NEEDED.split() if name != "nft"}
    done = shell("install_packages", path=bin_folder(tmp_path / "bin", {**others, **_AS_ROOT}))
    assert done.returncode == 2
    assert "these commands are missing: nft\n" in done.stderr
    assert "install what Debian calls: nftables" in done.stderr


def test_where_all_is_there_nobody_is_asked(tmp_path, calls):
    """No package manager is called."""
    path = bin_folder(tmp_path / "bin", {**dict.fromkeys(_NEEDED.split(), "exit 0"), "apt-get": _CALLED})
    assert shell("install_packages", path=path, CALLS=str(calls)).returncode == 0
    assert _lines(calls) == []


def test_what_a_manager_prints_is_shown_when_it_fails_and_only_then(tmp_path):
    """Its reason, and a sentence of ours."""
    path = bin_folder(tmp_path / "bin", {"pacman": "echo no space left >&2; exit 1", **_AS_ROOT})
    done = shell("install_packages", path=path)
    assert done.returncode == 2
    assert "no space left" in done.stderr
    assert "pacman could not install: " in done.stderr
    quiet = bin_folder(tmp_path / "quiet", {"pacman": "echo a warning >&2", **_AS_ROOT})
    assert "a warning" not in shell("install_packages", path=quiet).stderr
