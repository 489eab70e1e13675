"""What of a journal says on which machine it was recorded, and is replaced before it is kept.

- the working folder of the run: `/tmp/review`
- the folder of the toolkit's packages, in tracebacks: `/tmp/review/site-packages`
- the standard library of the interpreter, in tracebacks: `/usr/lib/python`
- the interpreter itself: `/usr/bin/python3`
- the node's name: `host`; its platform: `Linux`

All else stays to the letter, the loopback ports and process ids included.
"""

import re
from pathlib import Path

__all__ = ["normalise"]


def normalise(text: str, work: Path, environment: Path, base_prefix: str) -> str:
    """The text of a journal or of an agent's document, without the machine."""
    for pattern, shown in (
        (re.escape(str(work)), "/tmp/review"),
        (re.escape(str(environment)) + r"/lib/python3\.\d+/site-packages", "/tmp/review/site-packages"),
        (re.escape(str(environment)) + r"/bin/python[\d.]*", "/usr/bin/python3"),
        (re.escape(base_prefix) + r"/lib/python3\.\d+", "/usr/lib/python"),
        (r'^  "node": ".*"(,?)$', r'  "node": "host"\1'),
        (r'^  "platform": ".*"(,?)$', r'  "platform": "Linux"\1'),
    ):
        text = re.sub(pattern, shown, text, flags=re.MULTILINE)
    return text
