"""The causes that a fault can be asked for by, as a page, from their table.

python docs/reference/generate_causes.py > docs/reference/causes.md
"""

from collections.abc import Iterator

from chaosproof.faults.causes.base import Cause
from chaosproof.faults.causes.table import CAUSES

HEAD = """\
# Which fault imitates what happened to me

<!-- Written by docs/reference/generate_causes.py from
chaosproof/faults/causes/table.py: change that, then run it again. -->

A fault can be asked for by what happened; `--dry-run` only says which fault that is.

    ./run chaosproof inject --list-causes
    ./run chaosproof inject --like "peer process killed" --port 50051 --duration 15s --dry-run
    ./run chaosproof inject --like "peer process killed" --instance app-a-0 --port 50051 --duration 15s
    ./run chaosproof inject --like "lossy link" --loss-percent 30 --instance app-a-0 --port 50051 --duration 15s

What makes the cause what it is, such as the direction, is fixed: an option that says otherwise is refused. How strong
it is (`--loss-percent`, `--delay-ms`, `--rate-kbit`) stays a choice.

An experiment names the kind itself, so that its file alone says what is done: `--dry-run` prints the action to paste.
Each kind is shown in [the fault catalogue](catalogue.md), and measured beside the real causes in
[fidelity.md](fidelity.md).

"On the client" means that the fault goes on an instance that opened the connection, with the port that it calls; "on
the server" means on the instance that accepted it.
"""


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([HEAD, *_overview(), *(line for cause in CAUSES for line in _section(cause))])


def _overview() -> Iterator[str]:
    yield "| it was | the fault | on the |"
    yield "|---|---|---|"
    for cause in CAUSES:
        yield f"| [{cause.name}](#{cause.name.lower().replace(' ', '-')}) | `{_fault(cause)}` | {cause.on} |"
    yield ""


def _section(cause: Cause) -> Iterator[str]:
    yield f"## {cause.name}\n"
    yield f"{cause.real}\n"
    yield f"`{_fault(cause)}`, on the {cause.on}: {cause.nearness[0].lower()}{cause.nearness[1:]}\n"


def _fault(cause: Cause) -> str:
    return " ".join([cause.kind, *(f"{name}={value}" for name, value in cause.arguments.items())])


if __name__ == "__main__":
    print(page(), end="")
