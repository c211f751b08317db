"""Makes the parameters of a study's winner, a run, a recipe or a data set those of params.yaml, for `dvc repro`.

    python -m pipeline adopt --study first
    python -m pipeline adopt 5f0c1b7e8a2d4c6f9b3e1d7a0c8f2e4b
    python -m pipeline adopt --recipe fast
    python -m pipeline adopt --dataset digits

The epochs and threads of params.yaml stay: a sweep trains for fewer epochs than a baseline deserves. With --all they
are taken over too, and `dvc repro` gives the same model to the last byte. --keep leaves another parameter as it is.
A recipe, recipes/NAME.yaml, brings its epochs along. A data set, datasets/NAME.yaml, brings its sources and what has
to fit it. Comments, order and layout of params.yaml stay.
"""

import contextlib
import difflib
import math
from typing import Any, NamedTuple

import click

from pipeline.config import datasets, recipes
from pipeline.config.edit import edit
from pipeline.config.load import load, parse
from pipeline.config.rewrite import rewrite
from pipeline.config.schema import Train, leaves
from pipeline.core import cli, files, paths, results
from pipeline.core.cli import counted, say
from pipeline.core.errors import UserError
from pipeline.provenance import dvc_files

KEPT = ("epochs", "threads")  # how long and on how much of a machine, not what
STEPS = 16  # in an epoch, below which a larger batch is worth a word


class Trained(NamedTuple):
    """A training that was: its name, its validation accuracy, and its parameters by leaf name."""

    name: str
    accuracy: float | None
    params: dict[str, Any]

    def __str__(self) -> str:
        accuracy = "no validation accuracy" if self.accuracy is None else f"validation accuracy {self.accuracy:.4f}"
        return f"{self.name}: {accuracy}, trained for {counted(self.params.get('epochs', '?'), 'epoch')}"


def of_study(name: str, number: int | None, address: str | None) -> Trained:
    """A study's best trial, or the one of this number. Raises UserError where there is none."""
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
    accuracy = trial.values[0] if trial.values else None
    found = Trained(f"trial {trial.number} of study {name}", accuracy, trials.train_params(this, trial))
    run_id = trials.attribute(trial, "mlflow_run_id")
    if run_id is None:
        raise UserError(f"{found.name} has no run in MLflow that confirms it")
    confirm(found, of_run(run_id))
    return found


def of_run(run_id: str) -> Trained:
    """A run. Raises UserError where the store has no such run, or it trained nothing."""
    from pipeline.tracking import queries

    params = queries.trained_params(run_id)
    return Trained(f"run {run_id}", queries.validation_accuracy(run_id), params)


def confirm(trial: Trained, run: Trained) -> None:
    """Raises UserError where MLflow's run of a trial says something else than the study's storage."""
    stored, logged = (
        {"validation accuracy": str(each.accuracy)} | {name: str(value) for name, value in each.params.items()}
        for each in (trial, run)
    )
    for name, value in stored.items():
        if logged.get(name) != value:
            raise UserError(
                f"{trial.name}: {name} is {value} in the study's storage and {logged.get(name)} in {run.name}"
            )


def baseline() -> Trained | None:
    """The model that the last `dvc repro` trained; None where its files do not say."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, UserError):
        accuracy = results.read(paths.TRAIN_METRICS)[results.VALIDATION_ACCURACY]
        return Trained("the baseline", accuracy, dvc_files.locked_params("train"))
    return None


def compare(found: Trained) -> str:
    """What was found beside the baseline, and whether the two accuracies can be compared."""
    now = baseline()
    if now is None:
        return str(found)
    if str(found.params.get("epochs")) == str(now.params.get("epochs")):
        return f"{found}\n{now}: on the same footing"
    return f"{found}\n{now}: not on the same footing, only `dvc repro` tells which is better"


@cli.command(__doc__)
@click.argument("run", required=False)
@click.option("--study", metavar="NAME", help="A study: its best trial.")
@click.option("--trial", type=int, help="Another trial of the study, by number: one of the front, say.")
@click.option("--recipe", metavar="NAME", help=f"A recipe: {', '.join(recipes.names())}.")
@click.option("--dataset", metavar="NAME", help=f"A data set: {', '.join(datasets.names())}.")
@click.option("--all", "take_all", is_flag=True, help=f"Take over {' and '.join(KEPT)} too, for the same model.")
@click.option(
    "--keep", multiple=True, type=click.Choice(list(leaves.leaves(Train))), help="Leave it as it is; repeatable."
)
@click.option("--storage", help="Of the study; as for `tune`.")
def main(
    run: str | None,
    study: str | None,
    recipe: str | None,
    dataset: str | None,
    trial: int | None,
    take_all: bool,
    keep: tuple[str, ...],
    storage: str | None,
) -> None:
    if trial is not None and study is None:
        raise click.UsageError("--trial: goes with --study")
    if [run, study, recipe, dataset].count(None) != 3:
        raise click.UsageError("name a RUN, or one of --study NAME, --recipe NAME and --dataset NAME")
    if dataset is not None:
        difference = edit(datasets.read(dataset), {})
        say(
            "\n".join([*difference, "train on it:  dvc repro"])
            if difference
            else f"{paths.PARAMS} says all this already"
        )
        return
    if recipe is not None:
        adopt({name: value for name, value in recipes.read(recipe).items() if name not in keep})
        return
    found = of_study(study, trial, storage) if study is not None else of_run(str(run))
    say(compare(found))
    kept = keep if take_all else (*keep, *KEPT)
    adopt({name: value for name, value in found.params.items() if name not in kept})


def adopt(values: dict[str, Any]) -> None:
    """Writes these parameters, by leaf name, into params.yaml, and shows what has changed."""
    (now, tune), (wanted,) = load("train", "tune"), load("train", overrides={"train": values})
    path = paths.PARAMS.resolve()  # a link stays one
    text = path.read_bytes().decode()  # and line ends stay as they are
    before, after = leaves.values(now), leaves.values(wanted)
    changed = {name: value for name, value in after.items() if name not in before or value != before[name]}
    gone = [name for name in before if name not in after]  # parameters of another model
    if not changed:
        say(f"{paths.PARAMS} has these parameters already")
        return
    places = {name: ".".join(("train", *leaf.path)) for name, leaf in leaves.leaves(Train).items()}
    removed = [*(places[name] for name in gone), *(f"tune.space.{name}" for name in gone if name in tune.space)]
    written = {places[name]: value for name, value in changed.items()} | dict.fromkeys(removed)
    adopted = rewrite(text, written)
    written_params = parse(adopted, str(paths.PARAMS))
    if written_params.train != wanted:
        raise UserError(f"{paths.PARAMS}: its section train is written in a way that cannot be changed in place")
    files.write_text(path, adopted)
    lines = difflib.unified_diff(text.splitlines(), adopted.splitlines(), "before", str(paths.PARAMS), n=1, lineterm="")
    say("\n".join(lines))
    images = written_params.training_images
    if images and now.batch_size < wanted.batch_size and wanted.batch_size * STEPS > images:
        say(
            f"note: {counted(math.ceil(images / wanted.batch_size), 'step')} an epoch of {images:,} images are few; "
            f"--keep batch_size leaves {now.batch_size} at once"
        )
    say("train it:  dvc repro")
