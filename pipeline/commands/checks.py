"""Says whether data that has come later is like the data that a model was trained on.

    python -m pipeline checks arrived/ --against RUN            a folder of pictures
    python -m pipeline checks arrived.npz --against RUN         arrays called images and, if there are any, labels
    python -m pipeline checks arrived.npy --against RUN         uint8 (count, height, width[, channels])

RUN is the id of a training or the beginning of it, or its name. Each training logs numbers about its images, and no
image: data/reference.json. Pictures are scaled to its size and not changed otherwise: what predict would invert or cut
out is drift here. The limits stand in params.yaml (preprocess.checks); docs/data-checks.md says what each measure sees.

Reference and new are the medians of the images, or the mean of the pixels; distance is how far the two sets differ.
Exit code 1 where a measure goes beyond what is allowed, or a picture cannot be read.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.config.load import load
from pipeline.core import cli
from pipeline.core.cli import say
from pipeline.core.errors import UserError

if TYPE_CHECKING:
    from pipeline.workflow.arrivals import Row

NAMED = 5  # unread pictures that are named


@cli.command(__doc__)
@click.argument("path", metavar="PATH", type=Path)
@click.option("--against", metavar="RUN", required=True, help="The training whose images are the reference.")
def main(path: Path, against: str) -> None:
    dataset_config, settings = load("dataset", "preprocess")
    from pipeline.tracking import queries, store
    from pipeline.workflow import arrivals

    store.open_store()
    with store.errors():
        run_id = queries.resolve_run(against).info.run_id
        before = arrivals.reference(run_id)
    classes = dataset_config.classes
    if before.classes is not None and len(before.classes) != len(classes):
        raise UserError(f"run {run_id[:8]} knows {len(before.classes)} classes, and params.yaml {len(classes)}")
    arrived = arrivals.read(path, before.shape, len(classes))
    rows = arrivals.compare(before, arrived, settings.checks, classes)
    say(f"{cli.counted(f'{len(arrived.images):,}', 'image')} against {before.images:,} of run {run_id[:8]}")
    say(table(rows))
    for line in arrived.unread[:NAMED]:
        say(f"unread: {line}")
    for row in rows:
        if not row.ok:
            say(f"{row.measure}: {row.cause}")
    if drifted := [row.measure for row in rows if not row.ok]:
        raise UserError(f"the new data differ in {', '.join(drifted)}")
    if arrived.unread:
        raise UserError(f"{len(arrived.unread):,} pictures could not be read; the others are as they should be")
    say("the new data are like the reference")


def table(rows: list["Row"]) -> str:
    """The rows as text, in columns."""
    cells = [["measure", "reference", "new", "distance", "allowed", "ok"]]
    for row in rows:
        ok = "yes" if row.ok else "NO"
        cells.append([row.measure, row.reference, row.new, f"{row.value:.3g}", row.allowed, ok])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)
