"""Says what is on your pictures: the champion answers, or the model of a run.

    python -m pipeline predict shirt.jpg
    python -m pipeline predict folder/ "shots/*.png" --json > answers.jsonl
    python -m pipeline predict shirt.jpg --run RUN --figure answer.png
    curl -s ADDRESS | python -m pipeline predict -

PNG, JPEG, WebP and NPY, of any size, grey or in colour. What was done to make a picture like the training images stands
in the last column. Exit code 1 where a file got no answer; the others go on.
"""

import gc
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.config.load import load
from pipeline.config.schema import Dataset
from pipeline.core import cli, files, interrupt
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.data.appearance import Appearance
from pipeline.serving import answers, inputs, meanwhile
from pipeline.serving.answers import Answer

if TYPE_CHECKING:
    from pipeline.serving.classifier import Classifier
    from pipeline.serving.source import Source

FIGURES = (".png", ".pdf", ".svg")
SHOWN = 20  # pictures in the figure
WATCHED = 100  # files from which on a bar shows the progress


@cli.command(__doc__)
@click.argument("pictures", metavar="PICTURE...", nargs=-1, required=True)
@click.option("--run", "run_id", metavar="RUN", help="The model of this run answers, and not the champion.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object a line.")
@click.option("--figure", metavar="FILE", type=Path, help=f"Draw the first {SHOWN} with their probabilities.")
@click.option("--as-is", is_flag=True, help="Do not make pictures like the training images; only scale them.")
def main(pictures: tuple[str, ...], run_id: str | None, is_json: bool, figure: Path | None, as_is: bool) -> None:
    interrupt.keeps_nothing.set()
    (dataset_config,) = load("dataset")
    if figure and figure.suffix.lower() not in FIGURES:
        raise UserError(f"--figure: should end in {', '.join(FIGURES)}, not in {figure.suffix or figure.name}")
    found = inputs.find(pictures)
    if all(each.error for each in found):  # tensorflow would say no more about them
        classes, given = dataset_config.classes, iter([Answer(each.name, error=each.error) for each in found])
    else:
        source, classifier = opened(dataset_config, run_id, as_is)
        classes, given = source.classes, watched(classifier.answers(found), len(found))
        tell(f"{source.describe()}; {manner(classifier.appearance, dataset_config.channels)}")
    try:
        first, failed = write(given, answers.Table([each.name for each in found], classes), is_json)
    except BrokenPipeError:  # whoever reads has seen enough, as in `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(1) from None
    if figure and first:
        draw(first, classes, figure)
    if failed:
        raise UserError(f"{failed:,} of {len(found):,} files got no answer")


def opened(dataset_config: Dataset, run_id: str | None, as_is: bool) -> tuple["Source", "Classifier"]:
    """The model that answers, and what is known of it."""
    with meanwhile.finding(dataset_config, run_id) as wait, cli.suppress_stderr():
        gc.disable()  # tensorflow's import takes a sixth less without it
        from pipeline.serving.classifier import Classifier, open_model

        gc.freeze()  # what was imported stays, and is no garbage
        gc.enable()
        source = wait()
        model = open_model(source, dataset_config)
    return source, Classifier(model, dataset_config.image_shape, Appearance() if as_is else source.appearance)


def manner(appearance: Appearance, channels: int) -> str:
    """What becomes of pictures with another background than the training images."""
    if appearance.background is None:
        return "backgrounds are left as they are"
    inverted = "; pictures with another one are inverted" if channels == 1 else ""
    return f"its training images have a {appearance.background} background{inverted}"


def write(given: Iterable[Answer], table: answers.Table, is_json: bool) -> tuple[list[Answer], int]:
    """Prints the answers as they come. Returns the first of them, and for how many files there was none."""
    first: list[Answer] = []
    failed = 0
    for answer in given:
        failed += answer.error is not None
        if is_json:
            say(json.dumps(answers.as_dict(answer, table.classes)))
        elif answer.error:
            tell(f"error: {answers.one_line(answer.file)}: {answer.error}")
        else:
            say(table.row(answer) if first else f"{table.head()}\n{table.row(answer)}")
        if answer.error is None and len(first) < SHOWN:
            first.append(answer)
    return first, failed


def watched(given: Iterable[Answer], total: int) -> Iterator[Answer]:
    """The same answers. Where they go into a file, a bar on stderr shows how many there are."""
    from tqdm import tqdm

    hidden = total < WATCHED or sys.stdout.isatty()
    pace = 0.2 if sys.stderr.isatty() else 5.0  # seconds; each step is a line in a log
    with tqdm(given, total=total, unit=" pictures", disable=hidden, mininterval=pace) as bar:
        yield from bar


def draw(first: list[Answer], classes: list[str], path: Path) -> None:
    """Writes the figure of some answers, and says so."""
    with files.replacing(path.absolute()) as temporary:
        answers.figure(first, classes).savefig(temporary, format=path.suffix.lower().removeprefix("."), dpi=100)
    tell(f"figure of the first {len(first)} answers: {path}")


def tell(text: str) -> None:
    """Prints beside the answers: on stderr, above the bar where there is one."""
    from tqdm import tqdm

    tqdm.write(cli.printable(text), file=sys.stderr)
