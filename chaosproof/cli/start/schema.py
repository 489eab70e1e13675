"""`chaosproof schema`: what an editor needs to complete and check an experiment while one types.

Try it: chaosproof schema -o experiments/schema/experiment.schema.json
"""

from pathlib import Path

import click

from chaosproof.errors import readable_os_errors

__all__ = ["schema"]


@click.command()
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file.")
def schema(out: Path | None) -> None:
    """Print the JSON Schema (Draft 2020-12) of experiments: Chaos Toolkit's keys, this project's extension, and the
    arguments of each action and probe.

    \b
    An experiment that begins with {"$schema": "./schema/experiment.schema.json", ...} is completed and checked by
    editors such as VS Code; for all files of a folder, in its settings:
    "json.schemas": [{"fileMatch": ["/experiments/*.json"], "url": "./experiments/schema/experiment.schema.json"}]
    """
    # Imported late: it imports every action and probe.
    from chaosproof.toolkit.schema.experiment_schema import schema_text

    text = schema_text()
    if out is None:
        click.echo(text, nl=False)
        return
    with readable_os_errors(f"cannot write {out}"):
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    click.echo(f"wrote {out}")
