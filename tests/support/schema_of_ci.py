"""Files of a CI, held to the schema of that CI as check-jsonschema carries it."""

import subprocess
import sys
from pathlib import Path

__all__ = ["ci_schema_objects"]


def ci_schema_objects(schema: str, file: Path) -> str:
    """What the schema of that name (`vendor.gitlab-ci`, `vendor.github-actions`) has against the file; else empty."""
    command = [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", schema, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"exit code {done.returncode}: {done.stdout}{done.stderr}"
