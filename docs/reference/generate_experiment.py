"""The reference of an experiment's extension as a page, from its schema.

python docs/reference/generate_experiment.py > docs/reference/experiment.md
"""

from collections.abc import Iterator, Mapping
from typing import Any

from chaosproof.experiment.schema import extension_schema

HEAD = """\
# What an experiment tells Chaosproof

<!-- Written by docs/reference/generate_experiment.py from chaosproof/experiment/extension.schema.json: \
change that, then run it \
again. -->

An experiment is a file of Chaos Toolkit. What this project adds stands in it as one entry of `extensions`:

    "extensions": [{"name": "chaosproof", "experiment": "checkout", "load": {...}, "checks": [...], "compare": [...]}]

A key that is not listed here is refused before anything starts, with the nearest known one:
`answer_counted_by: did you mean answers_counted_by?`. Values overlays and modes are in
[system-file.md](system-file.md), figures and how claims are judged in [verdict.md](verdict.md).
"""
TITLES = {
    "evidence": "An entry of `evidence`",
    "variant": "A variant",
    "load": "`load`",
    "stage": "A stage of the load",
    "watched": "An entry of `watch`",
    "counter": "`answers_counted_by`",
    "check": "A claim of `checks`",
    "comparison": "A claim of `compare`",
}


def _table(definition: Mapping[str, Any]) -> Iterator[str]:
    yield "| key | what it says | must be there |"
    yield "|---|---|---|"
    for key, value in definition["properties"].items():
        about = value if "description" in value else extension_schema()["$defs"][value["$ref"].split("/")[-1]]
        yield f"| `{key}` | {about['description']} | {'yes' if key in definition['required'] else ''} |"


def page() -> str:
    """The whole page."""
    schema = extension_schema()
    lines = [HEAD, *_table(schema)]
    for name, title in TITLES.items():
        lines += ["", f"## {title}", "", *_table(schema["$defs"][name])]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
