"""Makes a project of your own out of this one, in a folder beside it.

    python -m pipeline new my-project
    python -m pipeline new my-project --data ../pets       with params.yaml for these pictures
    make new NAME=my-project DATA=../pets                   the same

It has the committed files of this project under its own name, without results and runs, and its first commit.
"""

import os

import click

from pipeline.core import cli
from pipeline.core.cli import say


@cli.command(__doc__)
@click.argument("name")
@click.option("--data", metavar="PATH", help="Pictures, as for `describe`.")
def main(name: str, data: str | None) -> None:
    from pipeline.workflow import new_project

    folder = new_project.make(name, data)
    say(f"{folder} is a project of its own, with a first commit")
    say(f"go on there:  cd {os.path.relpath(folder)} && make repro")
