"""Makes the parameters of a study's winner, or of a run, those of params.yaml: the next `dvc repro` trains them.

    python -m pipeline adopt --study first
    python -m pipeline adopt 5f0c1b7e8a2d4c6f9b3e1d7a0c8f2e4b

Everything that the training depends on is taken over, epochs and threads too, so that it gives the same model; --keep
leaves a parameter as it is. Comments, order and layout of params.yaml stay.
"""

import difflib
from typing import Any

import click

from pipeline.config.load import load, parse
from pipeline.config.rewrite import rewrite
from pipeline.config.schema import Train
from pipeline.core import cli, files, paths
from pipeline.core.cli import say
from pipeline.core.errors import UserError


def of_study(name: str, number: int | None, address: str | None) -> dict[str, Any]:
    """The parameters of a study's best trial, or of the one of this number. Raises UserError where there is none."""
    from pipeline.tuning import storage, trials
    from pipeline.tuning.study import load_existing_study, silence_optuna

    silence_optuna()
    this = load_existing_study(storage.open_storage(address or storage.default_address(), must_exist=True), name)
    trained = {trial.number: trial for trial in trials.effective_trials(this) if "epochs" in trial.user_attrs}
    trial = trials.best_trial(this) if number is None else trained.get(number)
    if trial is None and number is None:
        raise UserError(f"study {name} has no complete trial yet")
    if trial is None:
        raise UserError(f"study {name} has no trial {number} that was trained; it has {', '.join(map(str, trained))}")
    if trial.values:
        say(f"trial {trial.number} of study {name} had {trial.values[0]:.4f} validation accuracy")
    return trials.train_params(this, trial)


@cli.command(__doc__)
@click.argument("run", required=False)
@click.option("--study", metavar="NAME", help="A study: its best trial.")
@click.option("--trial", type=int, help="Another trial of the study, by number: one of the front, say.")
@click.option("--keep", multiple=True, metavar="NAME", help="Leave this parameter as it is; may be given again.")
@click.option("--storage", help="Of the study; as for `tune`.")
def main(run: str | None, study: str | None, trial: int | None, keep: tuple[str, ...], storage: str | None) -> None:
    if (run is None) == (study is None):
        raise click.UsageError("name a RUN, or a study with --study NAME")
    if trial is not None and study is None:
        raise click.UsageError("--trial: goes with --study")
    if unknown := set(keep) - Train.model_fields.keys():
        raise click.UsageError(f"--keep: {', '.join(unknown)}: allowed are {', '.join(Train.model_fields)}")
    from pipeline.tracking import queries

    found = queries.trained_params(run) if run else of_study(study, trial, storage)
    taken = {name: value for name, value in found.items() if name not in keep}
    (now,), (wanted,) = load("train"), load("train", overrides={"train": taken})
    path = paths.PARAMS.resolve()  # a link stays one
    text = path.read_bytes().decode()  # and line ends stay as they are
    changed = {name: value for name, value in wanted if value != getattr(now, name)}
    if not changed:
        say(f"{paths.PARAMS} has these parameters already")
        return
    adopted = rewrite(text, changed)
    if parse(adopted, str(paths.PARAMS)).train != wanted:
        raise UserError(f"{paths.PARAMS}: its section train is written in a way that cannot be changed in place")
    files.write_text(path, adopted)
    lines = difflib.unified_diff(text.splitlines(), adopted.splitlines(), "before", str(paths.PARAMS), n=1, lineterm="")
    say("\n".join(lines))
    say("train it:  dvc repro")
