"""Helm in a process of its own: lints and renders the chart for every case on stdin, and prints what came of it.

    echo '{"plain": {}}' | python -m tests.chart.helm

The SDK is a program in Go, which is not to share pytest's process.
"""

import json
import sys
from pathlib import Path
from typing import Any

import helm_python

from tests.chart.cases import CHART


def answer(chart: helm_python.Chart, values: dict[str, Any]) -> dict[str, Any]:
    try:
        chart.validate_schema(values)
        files = chart.render(values, name="demo", namespace="demo")
    except helm_python.HelmError as error:
        return {"refused": str(error)}
    version = values.get("kubeVersion")
    lint = helm_python.lint(CHART, values, strict=True, namespace="demo", quiet=True, kube_version=version)
    # The level of information: that there is no icon.
    said = [message["error"] for message in lint["messages"] if message["severity"] > 1]
    return {"files": {Path(name).name: text for name, text in files.items()}, "lint": said + lint["errors"]}


def main() -> None:
    cases = json.loads(sys.stdin.read())
    chart = helm_python.Chart.load(CHART)
    print(json.dumps({name: answer(chart, values) for name, values in cases.items()}))


if __name__ == "__main__":
    main()
