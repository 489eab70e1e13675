"""A load in a few lines of text, in the manner of Fortio's last lines."""

from collections.abc import Mapping
from typing import Any

from chaosproof.runfolder.load import LoadDone, LoadPlan

__all__ = ["summary_text"]


def summary_text(result: Mapping[str, Any], done: LoadDone, plan: LoadPlan) -> str:
    """The summary of a load: `result` as `fortio_result` makes it, how the load ended, what it was to be."""
    histogram = result["DurationHistogram"]
    count = histogram["Count"]
    lines = []
    if done.stopped_by:
        lines.append(
            f"Stopped by {done.stopped_by} after {_seconds(result)} s: {count} of {done.planned} requests"
        )
    elif not done.complete:
        lines.append(f"Not as planned: {count} of {done.planned} requests")
    lines.append(
        f"Ended after {_seconds(result)} s: {count} calls, {done.rate_rps:.5g} sent per second"
        f" (of {result['RequestedQPS']}), {result['NumThreads']} connections"
    )
    if count:
        lines.append(_latency_line(histogram))
        lines.append("  from ms    to ms  cumulative    count")
        lines.extend(_bucket_line(bucket) for bucket in histogram["Data"])
        lines.extend(
            f"# target {percentile['Percentile']:g}% {percentile['Value'] * 1000:.3f} ms"
            for percentile in histogram["Percentiles"]
        )
        lines.extend(
            f"Code {code} : {calls} ({100 * calls / count:.1f} %)"
            for code, calls in sorted(result["Codes"].items(), key=lambda item: -item[1])
        )
    lines.append(f"Ok is {plan.served}")
    lines.append(f"All done {count} calls, {done.ok} ok, {done.errors} errors")
    return "\n".join(lines)


def _seconds(result: Mapping[str, Any]) -> str:
    return f"{result['ActualDuration'] / 1e9:.3f}"


def _latency_line(histogram: Mapping[str, Any]) -> str:
    figures = "  ".join(
        f"{name} {histogram[key] * 1000:.3f}"
        for name, key in (("avg", "Avg"), ("+/-", "StdDev"), ("min", "Min"), ("max", "Max"))
    )
    return f"Latency (ms): {figures}"


def _bucket_line(bucket: Mapping[str, float]) -> str:
    start_ms, end_ms = bucket["Start"] * 1000, bucket["End"] * 1000
    return f"{start_ms:9.3f} {end_ms:9.3f} {bucket['Percent']:9.2f} % {bucket['Count']:8.0f}"
