"""Variables in a system file, as Compose has them: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:?why}`, `$$`.

One difference: a variable that is not set and has no default is a mistake. Compose puts nothing in its place, and
a service that runs with half an address is found much later than a line that says so.
"""

import re
from collections.abc import Mapping

__all__ = ["interpolated"]

_START = re.compile(r"\$(?:(?P<dollar>\$)|(?P<plain>[A-Za-z_]\w*)|(?P<open>\{))", re.ASCII)
_NAME = re.compile(r"(?P<name>[A-Za-z_]\w*)(?P<how>:?[-?+])?", re.ASCII)


def interpolated(text: str, variables: Mapping[str, str]) -> str:
    """`text` with its variables replaced. Raises `ValueError` with a sentence and what to write instead."""
    result, rest = "", text
    while True:
        before, dollar, after = rest.partition("$")
        result += before
        if not dollar:
            return result
        match = _START.match(dollar + after)
        if match is None:
            raise ValueError(f"{_shown(text)}: a $ stands before no name; for a dollar sign write $$")
        after = (dollar + after)[match.end() :]
        if match["dollar"]:
            result += "$"
        elif match["plain"]:
            result += _value(match["plain"], "", "", variables)
        else:
            inner, after = _braces(text, after)
            word = _NAME.match(inner)
            if word is None or (word["how"] is None and word.end() != len(inner)):
                raise ValueError(
                    f"{_shown(text)}: ${{{inner}}} is no variable; "
                    "write ${NAME}, ${NAME:-default} or ${NAME:?why it is needed}"
                )
            result += _value(word["name"], word["how"] or "", inner[word.end() :], variables)
        rest = after


def _braces(text: str, rest: str) -> tuple[str, str]:
    """What stands up to the brace that closes, which a default may hold further pairs of, and what follows."""
    depth = 1
    for position, character in enumerate(rest):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth == 0:
            return rest[:position], rest[position + 1 :]
    raise ValueError(f"{_shown(text)}: a ${{ has no }}; for a dollar sign write $$")


def _value(name: str, how: str, word: str, variables: Mapping[str, str]) -> str:
    value = variables.get(name)
    there = value is not None and (value != "" or not how.startswith(":"))
    match how[-1:]:
        case "+":
            return interpolated(word, variables) if there else ""
        case "-" if not there:
            return interpolated(word, variables)
        case "?" if not there:
            raise ValueError(
                f"the variable {name} is not set: {interpolated(word, variables) or 'it must be'}"
            )
    if value is None:
        raise ValueError(
            f"the variable {name} is not set; set it, write ${{{name}:-default}}, or $${name} for the text itself"
        )
    return value


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
