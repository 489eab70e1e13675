"""Where namespaces are forbidden the doctor says by what, once, and blames neither the kernel's options nor itself."""

import json
import subprocess
import sys

import pytest

from chaosproof.faults.doctor import ABILITIES
from tests.support import seccomp

pytestmark = pytest.mark.lab

_DOCTOR = (sys.executable, "-m", "chaosproof.cli.main", "doctor")
# no rights, though root of its own user namespace: an ordinary user, whoever runs this test
_ORDINARY = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")


def _limited(setting: str) -> tuple[str, ...]:
    """In a user namespace of its own, whose limit is its own as well."""
    limit = f'echo 0 >/proc/sys/{setting} && exec "$@"'
    return ("unshare", "--user", "--map-root-user", "sh", "-c", limit, "sh", *_ORDINARY)


def _filtered(calls: str) -> tuple[str, ...]:
    enter = ("unshare", "--user", "--map-root-user", *_ORDINARY)
    return (*enter, sys.executable, seccomp.__file__, calls)


# "The seccomp filter of this container" where the machine of the test is one
_BY_A_FILTER = "seccomp filter"
CASES = {
    "no user namespaces": (_limited("user/max_user_namespaces"), "user.max_user_namespaces=0 forbids it"),
    "no network namespaces": (_limited("user/max_net_namespaces"), "user.max_net_namespaces=0 forbids it"),
    "unshare filtered": (_filtered("unshare"), _BY_A_FILTER),
    "mount filtered": (_filtered("mount"), _BY_A_FILTER),
    "made, and all denied": (_filtered("netlink"), _BY_A_FILTER),
}


@pytest.mark.parametrize("case", CASES)
def test_what_forbids_namespaces_is_said_once(case):
    """By its name, for all abilities together and for a lab."""
    enter, sentence = CASES[case]
    done = subprocess.run([*enter, *_DOCTOR], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.count(sentence) == 1, done.stdout
    assert f"\n{', '.join([*ABILITIES, 'a lab'])}: no network namespace could be made" in done.stdout
    assert "CONFIG_" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("case", CASES)
def test_a_lab_is_refused_for_the_same_reason(case):
    """The JSON names it beside the abilities."""
    enter, sentence = CASES[case]
    argv = [*enter, *_DOCTOR, "--json"]
    answer = json.loads(subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False).stdout)
    assert sentence in answer["lab"]
    assert not answer["works"]


def test_where_they_are_allowed_a_lab_is_not_refused():
    """What the cases above say is theirs."""
    answer = json.loads(
        subprocess.run([*_DOCTOR, "--json"], capture_output=True, text=True, check=False).stdout
    )
    assert answer["lab"] is None
