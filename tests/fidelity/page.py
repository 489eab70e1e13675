"""The fidelity table as a page, from the measurements in docs/reference/fidelity; reads them and nothing else.

python -m tests.fidelity.page > docs/reference/fidelity.md
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .causes import CAUSES
from .likeness import COLUMNS, imitations, likenesses, signature
from .record import FOLDER, Key, Measurement, Row, read_measurement
from .room import Pace
from .tables import tables
from .trials import STRENGTHS

__all__ = ["page", "release_order"]

HEAD = """\
# What each fault looks like from both ends

<!-- Written by tests/fidelity/page.py from docs/reference/fidelity/*.json, which ./run test --fidelity measures:
run that, do not edit this. -->

A fault is worth as much as it is like what happens to people. Every kind is measured here by every backend, in every
place and on every sort of connection, and beside it real causes, brought about for real in the same room. Which cause a
fault looks like is decided by comparing what was measured, not by hand.

    ./run test --fidelity                    # measures all of it on this machine's kernel, and writes this page anew
    ./run test --fidelity --only reset       # one kind, or one cause; the other rows stay

"""

_HOW = """\
## How it is measured

Each fault, and each cause, has a room of its own: two network namespaces, a client and an echo server in them, and a
cable in between, which is a program: a frame takes 2 ms, so that no answer comes back while the call that caused it
is still at work. The client holds an established and an idle connection over IPv4 and over IPv6, and begins a new
one of each once the fault is on. Over the established and the new one it sends, from then on, a message every 0.1 s
when the last one has come back (TCP: 8,000 bytes in packets of at most 1,500; UDP: 1,000 bytes, sent again every 0.5
s); over the idle one, nothing. All of them share the fault, and so the bandwidth of a link. What is lost, and what a
queue has room for, is chance: where a row is about that, the next measurement may have another word in a column.

- "client egress" is the client's fault on what it sends to the server's port; "server ingress" the same packets as they
  reach the server; "server egress, source port" and "client ingress, source port" are what comes back.
- Instants are of the programs themselves, in ms, counted from when the command had returned that put the fault on (for
  a new connection: from when it was begun). An end learns of it where its `connect`, `send`, `recv` or `poll` says so.
- Retransmissions, RTO and round trip (ms) are the kernel's own of the socket (`TCP_INFO`, what `ss -ti` prints), just
  before the fault ends; retransmissions are counted from its beginning.
- Packets are captured at both ends (`AF_PACKET`), with segmentation offload off, while the fault is on: those sent at
  one end and those that arrived at the other. What is dropped in the sender's own stack, or lost by its queue, is not
  among those sent.
- Connection tracking is on at both ends, and read just after the fault.
- After the fault the same connection is used (`works`, an errno, or `waits` after {patience_s:g} s), then it is closed,
  by RST where it lives, and the next one is opened from the same source port.
- In an emulated kernel a fault lasts longer and messages come less often; its instants are those of a slow processor.
- Magnitudes that a fault need not have (jitter, bursts) are left out of it here.
- Protocol `any`, and faults without a port, are not in the table: they act on TCP and on UDP as the rows of these do.
"""


def page(folder: Path = FOLDER) -> str:
    """The whole page, in Markdown."""
    measured = sorted(map(read_measurement, folder.glob("*.json")), key=release_order, reverse=True)
    return "\n".join(line for part in _parts(measured) for line in part) + "\n"


def release_order(measurement: Measurement) -> tuple[int, ...]:
    """Kernels as numbers, the older one first."""
    return tuple(int(number) for number in re.findall(r"\d+", measurement.release)[:3])


def _parts(measured: Sequence[Measurement]) -> Iterator[Iterator[str]]:
    yield iter([HEAD.rstrip("\n"), ""])
    if not measured:
        return
    main = measured[0]
    yield _kernels(measured)
    yield _choosing(main)
    yield tables(main)
    yield _refusals(main)
    for other in measured[1:]:
        yield _other_kernel(main, other)
    yield iter(["", _how()])


def _how() -> str:
    return _HOW.format(patience_s=Pace().patience_s).rstrip("\n")


def _kernels(measured: Sequence[Measurement]) -> Iterator[str]:
    yield "| kernel | ran on | rows measured | refused by us | not possible there | took | tools |"
    yield "|---|---|---|---|---|---|---|"
    for one in measured:
        refused = sum(row.refused for row in one.rows)
        failed = sum(bool(row.problem) for row in one.rows) - refused
        tools = ", ".join(f"{name} {version}" for name, version in one.versions.items())
        count = len(one.rows) - refused - failed
        yield f"| {one.release} | {one.where} | {count} | {refused} | {failed} | {one.took_s / 60:.0f} min | {tools} |"
    strengths = ", ".join(f"`{name}` {value:g}" for name, value in STRENGTHS.items())
    yield f"\nA row is one connection. How strong a fault, or a cause, was: {strengths}; any other magnitude 50. Where "
    yield "IPv4 and IPv6 have the same words, the figures are those of IPv4; the JSON files have both.\n"


def _choosing(main: Measurement) -> Iterator[str]:
    yield "## Which fault imitates what happened to me\n"
    yield "The faults with the fewest columns that differ from the cause, over all of its connections:\n"
    yield "| it was | over | the nearest fault | what differs |"
    yield "|---|---|---|---|"
    does = {cause.name: cause.does for cause in CAUSES}
    for (cause, protocol), nearest in sorted(imitations(main.rows).items()):
        by_difference: dict[str, list[Key]] = defaultdict(list)
        for trial, differs in nearest:
            by_difference[_differences(differs)].append(trial)
        for difference, trials in by_difference.items():
            faults = "; ".join(_fault(trial) for trial in trials)
            yield f"| {cause} ({does.get(cause, '')}) | {protocol.upper()} | {faults} | {difference} |"
    yield "\nWhat is compared:\n"
    yield from (f"- {name}: {meaning}" for name, meaning in COLUMNS.items())
    yield ""


def _refusals(main: Measurement) -> Iterator[str]:
    for refused, heading in (
        (True, "## What is refused\n"),
        (False, "## What this kernel cannot, and what failed\n"),
    ):
        counts: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in main.rows:
            if row.problem and row.refused is refused:
                counts[row.subject, row.problem].append(row)
        if not counts:
            continue
        yield heading
        yield "| fault, or cause | by, where, over | rows | why |"
        yield "|---|---|---|---|"
        for (subject, problem), rows in sorted(counts.items()):
            ways = sorted({", ".join(filter(None, (r.backend, r.place, r.protocol.upper()))) for r in rows})
            yield f"| {subject} | {'; '.join(ways)} | {len(rows)} | {problem} |"
        yield ""


def _other_kernel(main: Measurement, other: Measurement) -> Iterator[str]:
    """Only what is not as on the main kernel."""
    known = {row.key: row for row in main.rows if not row.problem}
    yield f"## On {other.release}\n"
    yield f"{other.where}. Rows whose words differ from those above, and rows that {main.release} does not have:\n"
    likes = likenesses(other.rows)
    yield "| fault, or cause | connection | " + " | ".join(COLUMNS) + " | looks like |"
    yield "|---" * (len(COLUMNS) + 3) + "|"
    same = 0
    for row in other.rows:
        if row.problem:
            continue
        mine = signature(row)
        theirs = signature(known[row.key]) if row.key in known else {}
        if mine == theirs:
            same += 1
            continue
        cells = [
            value if value == theirs.get(name, value) else f"**{value}** (there {theirs[name]})"
            for name, value in mine.items()
        ]
        connection = f"{row.protocol.upper()}, IPv{row.family}, {row.connection}"
        yield f"| {_fault(row.trial)} | {connection} | {' | '.join(cells)} | {likes.get(row.key, '')} |"
    yield f"\n{same} rows are the same in all columns.\n"
    yield from _gaps(main, other)


def _gaps(main: Measurement, other: Measurement) -> Iterator[str]:
    """What was tried on the main kernel and not on the other, or was tried there and failed."""
    there = {row.key for row in other.rows}
    kinds: tuple[tuple[str, list[Row]], ...] = (
        (
            "Rows that were not measured there",
            [row for row in main.rows if row.key not in there and not row.refused],
        ),
        ("Rows whose measurement failed there", [row for row in other.rows if row.failed]),
    )
    for heading, rows in kinds:
        if rows:
            counts = Counter(row.subject for row in rows)
            yield f"{heading}: {', '.join(f'{count} of {subject}' for subject, count in sorted(counts.items()))}.\n"


def _fault(trial: Key) -> str:
    subject, backend, place, _ = trial
    return f"{subject} ({backend}, {place})" if backend else subject


def _differences(differs: Mapping[str, Sequence[str]]) -> str:
    connections: dict[str, list[str]] = defaultdict(list)
    for connection, columns in differs.items():
        for column in columns:
            connections[column].append(connection)
    return "; ".join(f"{column} ({', '.join(names)})" for column, names in connections.items()) or "nothing"


if __name__ == "__main__":
    print(page(), end="")
