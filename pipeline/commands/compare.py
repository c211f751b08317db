"""Holds several runs against each other: what differs, which is better, and whether that is more than chance.

    python -m pipeline compare RUN RUN...
    python -m pipeline compare --study first     the best trials of a sweep, beside the default
    python -m pipeline compare --last 5          the newest runs
    python -m pipeline compare --recipe article --recipe fast      their runs, all seeds of each

The first one is what the others are held against. Runs that differ in nothing but the seed are taken together. Writes
a page, reports/compare.html, and prints a table.
"""

from pathlib import Path

import click

from pipeline.config.load import load
from pipeline.core import cli, paths
from pipeline.core.cli import say


@cli.command(__doc__)
@click.argument("runs", metavar="[RUN]...", nargs=-1)
@click.option("--study", metavar="NAME", help="The best trials of this sweep.")
@click.option("--last", metavar="N", type=click.IntRange(2, 26), help="The newest N runs that trained a model.")
@click.option("--recipe", "names", metavar="NAME", multiple=True, help="The runs of this recipe; repeatable.")
@click.option("--out", metavar="FILE", help=f"Where the page is written, instead of {paths.COMPARISON}.")
def main(runs: tuple[str, ...], study: str | None, last: int | None, names: tuple[str, ...], out: str | None) -> None:
    if sum((bool(runs), study is not None, last is not None, bool(names))) != 1:
        raise click.UsageError("name two RUNs or more, or give --study NAME, --last N or --recipe NAME")
    if len(runs) == 1:
        raise click.UsageError(f"{runs[0]} alone has nothing to be compared with; name two RUNs or more")
    if len(runs) > 26:
        raise click.UsageError(f"at most 26 runs can be compared, not {len(runs)}")
    from pipeline.reporting.comparison_table import table
    from pipeline.tracking import store
    from pipeline.workflow import compare

    store.open_store()
    with store.errors():
        if study is not None:
            (defaults,) = load("train")
            chosen = compare.of_study(study, defaults)
        elif names:
            chosen = compare.of_recipes(names)
        else:
            chosen = compare.newest(last) if last else compare.named(list(runs))
        page = Path(out).absolute() if out else paths.COMPARISON
        found, notes = compare.write(chosen, page)
    for note in notes:
        say(f"note: {note}")
    say(table(found))
    say(f"the page: {page}")
