"""The Chaos Toolkits that the journals are recorded with, each in a venv of its own, pinned."""

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

__all__ = ["TOOLKITS", "Toolkit", "Unavailable", "installed", "venv", "with_everything", "with_review"]

_REPOSITORY = Path(__file__).resolve().parents[3]
_OF_A_REVIEW = ("click", "jinja2", "jsonpath2", "msgspec", "pyyaml", "rich")


class Unavailable(Exception):
    """No interpreter that the version of Chaos Toolkit runs on; the message says which to install."""


@dataclass(frozen=True)
class Toolkit:
    """A version of Chaos Toolkit: the Pythons that take it, the first found is used, and what is installed."""

    label: str
    pythons: tuple[str, ...]
    packages: tuple[str, ...]
    has_agent: bool = False


_KUBERNETES = "chaostoolkit-kubernetes==0.39.0"
TOOLKITS = {
    toolkit.label: toolkit
    for toolkit in (
        Toolkit("1.9", ("3.8", "3.9"), (
            "chaostoolkit==1.9.0", "chaostoolkit-lib[jsonpath]==1.19.0", "setuptools<70", "wheel",
        )),
        Toolkit("1.12", ("3.8", "3.9"), (
            "chaostoolkit==1.12.0", "chaostoolkit-lib[jsonpath]==1.28.0", "setuptools<70", "wheel",
        )),
        Toolkit("1.15", ("3.9", "3.8", "3.10"), (
            "chaostoolkit==1.15.0", "chaostoolkit-lib[jsonpath]==1.34.0", "setuptools<70", "wheel",
        )),
        Toolkit("1.19", ("3.11",), (
            "chaostoolkit==1.19.0", "chaostoolkit-lib[jsonpath]==1.44.0", _KUBERNETES,
        )),
        Toolkit("1.21", ("3.12", "3.13"), (
            "chaostoolkit==1.21.4", "chaostoolkit-lib[jsonpath]==1.45.1", _KUBERNETES,
        ), has_agent=True),
    )
}  # fmt: skip


def _candidates(version: str) -> Iterable[Path]:
    yield Path(sys.executable)
    for folder in ("/usr/bin", "/usr/local/bin"):
        yield Path(folder, f"python{version}")
    yield from sorted(Path("~/.pyenv/versions").expanduser().glob(f"{version}*/bin/python"))


def _version(python: Path) -> str:
    asked = [str(python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def _interpreter(toolkit: Toolkit) -> Path:
    for version in toolkit.pythons:
        for python in _candidates(version):
            if python.exists() and _version(python) == version:
                return python
    raise Unavailable(
        f"Chaos Toolkit {toolkit.label} needs Python {' or '.join(toolkit.pythons)}: "
        f"put python{toolkit.pythons[0]} into /usr/bin or install it with pyenv."
    )


def venv(toolkit: Toolkit, folder: Path) -> Path:
    """The folder of the venv under `folder`; made, and what is pinned installed, unless it stands there already."""
    made = folder / toolkit.label
    ready = made / "ready"
    if not ready.exists() or ready.read_text() != "\n".join(toolkit.packages):
        subprocess.run([str(_interpreter(toolkit)), "-m", "venv", "--clear", str(made)], check=True)
        subprocess.run([str(made / "bin/pip"), "install", "--quiet", *toolkit.packages], check=True)
        ready.write_text("\n".join(toolkit.packages))
    return made


def with_review(toolkit: Toolkit, *more: str) -> Toolkit:
    """The toolkit beside what a review needs, as this project pins it, so that its control can be loaded."""
    pins = {line.partition("==")[0]: line for line in _pins()}
    return replace(toolkit, packages=(*toolkit.packages, *(pins[name] for name in _OF_A_REVIEW), *more))


def with_everything(toolkit: Toolkit) -> Toolkit:
    """The toolkit as a run with a session needs it: all that requirements.txt pins for that Python."""
    return replace(toolkit, label=f"{toolkit.label} with everything", packages=_pins())


def _pins() -> tuple[str, ...]:
    lines = (_REPOSITORY / "requirements.txt").read_text().splitlines()
    return tuple(line for line in lines if "==" in line and not line.startswith("#"))


def installed(environment: Path) -> dict[str, str]:
    """What is written beside a journal: the versions of Python, the toolkit and its library."""
    code = (
        "import platform\n"
        "try:\n    from importlib.metadata import version\n"
        "except ImportError:\n    from importlib_metadata import version\n"
        "print(platform.python_version(), version('chaostoolkit'), version('chaostoolkit-lib'))"
    )
    shown = subprocess.run(
        [str(environment / "bin/python"), "-c", code], capture_output=True, text=True, check=True
    )
    return dict(zip(("python", "chaostoolkit", "chaostoolkit-lib"), shown.stdout.split(), strict=True))
