"""`chaosproof judge`: the verdict of a saved run, as a table or as JSON.

Try it: chaosproof judge RUN_DIR; echo $?
"""

import json
from pathlib import Path

import click

from chaosproof.errors import EXIT_CODES
from chaosproof.judge.judge import judge_run
from chaosproof.report.write import write_verdict

__all__ = ["judge"]


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print summary.json with the checks, and nothing else.")
@click.option("--read-only", is_flag=True, help="Write nothing to the folder.")
@click.pass_context
def judge(ctx: click.Context, run_dir: Path, as_json: bool, read_only: bool) -> None:
    """Judge a saved run again, from the files of RUN_DIR alone.

    Exit codes: 0 pass, 1 fail, 2 unknown, 64 wrong call.
    """
    verdict = judge_run(run_dir)
    if as_json:
        checks = [
            {"id": c.id, "status": c.status, "details": c.details, "evidence": c.evidence}
            for c in verdict.checks
        ]
        click.echo(json.dumps({**verdict.summary, "run": str(run_dir), "check_list": checks}, indent=2))
    else:
        from chaosproof.report.formats.terminal import print_verdict

        print_verdict(verdict)
    if not read_only:
        write_verdict(run_dir, verdict)
    ctx.exit(EXIT_CODES[verdict.status])
