"""Files of `NAME=value` lines: what `env_file` names, and the `.env` beside a system file."""

import re
from collections.abc import Mapping
from pathlib import Path

from chaosproof.targets.system.interpolation import interpolated

__all__ = ["read_env_file"]

_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>.*)", re.ASCII)


def read_env_file(path: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """The settings of the file, Compose's way: `#` comments, quotes, and variables but in single quotes.

    Raises `ValueError` with a sentence for a file that cannot be read or a line that is no setting.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ValueError(f"cannot read {path}: {reason}") from error
    settings: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise ValueError(f"{path}:{number}: {line.strip()[:40]!r} is not NAME=value")
        try:
            settings[match["name"]] = _value(match["value"], {**variables, **settings})
        except ValueError as error:
            raise ValueError(f"{path}:{number}: {error}") from error
    return settings


def _value(text: str, variables: Mapping[str, str]) -> str:
    quote = text[:1]
    if quote in ("'", '"') and text:
        end = text.find(quote, 1)
        if end < 0:
            raise ValueError(f"the quote {quote} is not closed")
        inner = text[1:end]
        return inner if quote == "'" else interpolated(inner, variables)
    # A comment in a line begins with a space before its sign: pass#word is a value.
    return interpolated(re.split(r"\s#", text, maxsplit=1)[0].strip(), variables)
