"""Measures this project beside what people would use instead, in CPU seconds and in wall time.

    python -m benchmarks                 lists all, with how long each takes
    python -m benchmarks B1 B6           runs these, and writes benchmarks/results/ and the table in README.md
    python -m benchmarks --all           runs all that take minutes (make bench)
    python -m benchmarks --quick B1      only to see that it works: one round on little data, nothing is written
    python -m benchmarks --table         writes the tables again from the results that are there

Nothing else should run meanwhile. Each works in a temporary copy of the project, with the raw files of data/raw.
"""

import click

from benchmarks import catalogue, machine, results
from benchmarks.benchmark import Benchmark, Settings
from pipeline.core import cli
from pipeline.core.cli import say
from pipeline.core.errors import UserError

BUSY = 10  # per cent of the processor from which on timings are doubtful


def measure(benchmark: Benchmark, settings: Settings) -> None:
    """Runs a benchmark, says what it found, and keeps it unless the settings are quick ones."""
    say(f"{benchmark.name}: {benchmark.measures}  ({benchmark.lasts})")
    described = machine.describe()
    if not settings.quick and described["busy_before"] > BUSY:
        say(f"  something else uses {described['busy_before']:.0f} % of the processor: the timings will say little")
    result = benchmark.function(settings)
    for key, value in result.notes.items():
        say(f"  {key}: {value}")
    say(f"{benchmark.name}: {', '.join(map(str, result.figures))}")
    if not settings.quick:
        say(f"  {results.save(benchmark, result, settings.rounds, described).relative_to(results.ROOT)}")
        results.write_tables(catalogue.known())


@cli.command(__doc__)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--list", "lists", is_flag=True, help="List all, as without a name.")
@click.option("--all", "takes_all", is_flag=True, help="All but those that run by name only.")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="Runs of each program.")
@click.option("--quick", is_flag=True, help="One round on little data, to see that it works. No result.")
@click.option("--table", "writes_table", is_flag=True, help="Write the tables again from the results that are there.")
def main(names: tuple[str, ...], lists: bool, takes_all: bool, rounds: int, quick: bool, writes_table: bool) -> None:
    chosen = catalogue.find(list(names))
    if takes_all:
        chosen += [each for each in catalogue.known() if not each.by_name_only and each not in chosen]
    if writes_table:
        results.write_tables(catalogue.known())
    elif lists or not chosen:
        say(catalogue.listing())
        return
    failed = []
    for benchmark in chosen:
        try:
            measure(benchmark, Settings(1 if quick else rounds, quick))
        except UserError as error:  # the others are still worth their time
            failed.append(f"{benchmark.name}: {error}")
            say(failed[-1])
    if failed:
        raise UserError(
            f"{len(failed)} of {len(chosen)} gave no result: {', '.join(x.partition(':')[0] for x in failed)}"
        )


if __name__ == "__main__":
    cli.run_cli(lambda: main(prog_name="python -m benchmarks", standalone_mode=False))
