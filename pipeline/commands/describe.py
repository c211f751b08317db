"""Looks at your pictures and says what params.yaml has to say of them; with --write, writes it there.

    python -m pipeline describe PATH               look, and print what to paste
    python -m pipeline describe PATH --write       change params.yaml; then commit, and make repro

PATH is a folder with a folder for each class (above them may be train/, validation/ or val/, and test/), a folder
with a CSV file that has the columns path and label (and split), an .npz file, a folder of IDX files, or an archive
(.zip, .tar, .tar.gz) of one of these. Nothing there is changed, and no picture is decoded where its header says enough.

Values elsewhere in params.yaml that would not fit so many pictures are changed too: each is shown, with the reason.
"""

import re
from typing import Any

import click
from ruamel.yaml import YAML, YAMLError

from pipeline.core import cli, paths
from pipeline.core.cli import say
from pipeline.core.errors import UserError


def size(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """HxW → (height, width)."""
    if value is None:
        return None
    sides = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", value)
    if not sides or not all(2 <= int(side) < 2**16 for side in sides.groups()):
        raise click.BadParameter("should be the height and the width in pixels, 48x64")
    return int(sides[1]), int(sides[2])


@cli.command(__doc__)
@click.argument("path")
@click.option("--write", is_flag=True, help="Write it into params.yaml; comments and all else stay.")
@click.option("--name", help="Of the data set; the registered model is called so. Else as the folder is.")
@click.option("--size", callback=size, metavar="HxW", help="Pixels to which pictures are made; else as most are.")
@click.option("--channels", type=click.Choice(["1", "3", "4"]), help="1: grey, 3: colour, 4: with transparency.")
@click.option("--resize", type=click.Choice(["fit", "crop", "stretch"]), help="How; fit shows the whole picture.")
def main(
    path: str, write: bool, name: str | None, size: tuple[int, int] | None, channels: str | None, resize: str | None
) -> None:
    from pipeline.description import layout, report, settings
    from pipeline.description.found import Wanted

    found = layout.look(path, Wanted(name, size, int(channels) if channels else None, resize))
    say(report.facts(found))
    settings.assert_possible(found)
    values: dict[str, Any] = {"dataset": settings.dataset(found), "download.sources": [found.source]}
    others = settings.others(found, now())
    if write:
        save(values, others)
    else:
        say(f"\nfor {paths.PARAMS} (--write writes it there):\n\n{report.to_paste(values, others)}")


def now() -> dict[str, Any]:
    """The values of params.yaml, valid or not."""
    try:
        tree = YAML(typ="safe", pure=True).load(paths.PARAMS.read_bytes())
    except (YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{paths.PARAMS}: {' '.join(str(error).split())}") from None
    return tree if isinstance(tree, dict) else {}


def save(values: dict[str, Any], others: dict[str, Any]) -> None:
    """Writes the values into params.yaml and shows what has changed."""
    from pipeline.config import edit

    written = values | {path: each.value for path, each in others.items()}
    comments = {path: others[path].why for path in ("gate.accuracy",)}
    difference = edit.edit(written, comments)
    name = values["dataset"]["name"]
    say("\n".join(["", *difference]) if difference else f"{paths.PARAMS} says all this already")
    say(f'commit it, which the gate wants, and train on it:  git commit -am "Describe {name}" && make repro')
