"""Holds several runs against each other by what they have logged; trains nothing, and asks no model."""

import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from pipeline.config import recipes
from pipeline.config.schema import Train, leaves
from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.data import arrays
from pipeline.evaluation import predictions
from pipeline.evaluation.comparison import Comparison, compare
from pipeline.evaluation.configurations import Trained
from pipeline.evaluation.predictions import Predictions
from pipeline.reporting import comparison_report
from pipeline.tracking import artifacts, queries, related
from pipeline.tracking.curves import logged_curves
from pipeline.tracking.queries import Run

TABLES = (paths.PREDICTIONS, Path("tables/confusion.csv"))  # artifacts; the second, of an older version, says less
LIMIT = 200_000_000  # bytes of such a table
BEST = 5  # trials of a study
MOST = 26  # runs on a page
ORIGIN = {"code": "git.commit", "training data": "data.train.sha256", "test data": "data.test.sha256"}  # tags
SHOWN = 8  # digits of a hash


def named(names: list[str]) -> list[Run]:
    """The runs that these words stand for. Raises UserError where there is no such run, or one stands there twice."""
    found = [queries.resolve_run(name) for name in names]
    for number, run in enumerate(found):
        if run.info.run_id in [earlier.info.run_id for earlier in found[:number]]:
            raise UserError(f"{names[number]}: run {run.info.run_id} is named twice")
    return found


def finished_runs() -> Iterator[Run]:
    """The finished runs that trained a model, the newest first."""
    return (run for run in queries.trained() if run.info.status == "FINISHED" and queries.train_params(run))


def newest(count: int) -> list[Run]:
    """The newest finished runs that trained a model, the newest first. Raises UserError where there are not two."""
    finished = list(islice(finished_runs(), count))
    if len(finished) < 2:
        raise UserError(f"--last: two finished runs that trained a model are needed; there are {len(finished)}")
    return finished


def of_recipes(names: tuple[str, ...]) -> list[Run]:
    """The newest finished run of each seed, for each of these recipes. Raises UserError where a recipe has none."""
    chosen: list[Run] = []
    for name in names:
        wanted = {key: str(value) for key, value in recipes.read(name).items()}
        found = [run for run in finished_runs() if wanted.items() <= queries.train_params(run).items()]
        if not found:
            raise UserError(f"no finished run was trained by recipe {name}; `mlflow run . -P recipe={name}` trains one")
        chosen += {queries.train_params(run)["seed"]: run for run in reversed(found)}.values()
    if len(chosen) < 2:
        raise UserError(f"recipe {names[0]} has one run alone; name another recipe, or train it with another seed")
    return chosen[:MOST]


def of_study(name: str, defaults: Train) -> list[Run]:
    """The best trials of a study, the best first; before them the one with the parameters `defaults`, if there is one.

    Epochs and threads are those of the study. Raises UserError where there is no such study, or less than two trials.
    """

    def accuracy(run: Run) -> float:
        return queries.validation_accuracy(run.info.run_id) or 0.0

    wanted = {key: str(value) for key, value in leaves.values(defaults).items() if key not in ("epochs", "threads")}
    best = sorted(related.trials(name), key=accuracy, reverse=True)
    if len(best) < 2:
        raise UserError(f"study {name}: two trials that came to their end are needed; there are {len(best)}")
    default = [run for run in best if wanted.items() <= queries.train_params(run).items()][:1]
    return default + [run for run in best[:BEST] if run not in default]


def write(runs: list[Run], out: Path) -> tuple[Comparison, list[str]]:
    """Compares runs and writes the page. Returns what was found, and what could not be compared, a line each.

    Raises UserError where a run trained nothing.
    """
    trained, notes = [], []
    for run in runs:
        table, note = read_predictions(run)
        trained.append(collect(run, table))
        notes += [note] if note else []
    found = compare(trained)
    images, note = test_images(found)
    notes += [note] if note else []
    files.write_text(out, comparison_report.render(found, images, notes))
    return found, notes


def collect(run: Run, table: Predictions | None) -> Trained:
    """What a run tells of a training and of its test. Raises UserError where it trained nothing."""
    params, logged, tags = queries.train_params(run), run.data.params, run.data.tags
    if not params:
        raise UserError(f"run {run.info.run_id} trained nothing, so there is nothing to compare")
    others = {name: value for name, value in logged.items() if name.startswith(("dataset.", "preprocess."))}
    return Trained(
        run_id=run.info.run_id,
        name=called(run),
        params=params,
        origin=others | {name: tags[tag][:SHOWN] for name, tag in ORIGIN.items() if tag in tags},
        curves=logged_curves(run),
        validation=queries.validation_accuracy(run.info.run_id),
        test=run.data.metrics.get("test/accuracy"),
        test_data=tags.get("data.test.sha256"),
        predictions=table,
    )


def called(run: Run) -> str:
    """The name of a run, in one line and not too long."""
    return " ".join((run.info.run_name or run.info.run_id[:8]).split())[:60]


def read_predictions(run: Run) -> tuple[Predictions | None, str]:
    """What the model of a run says of each test image; None where the run does not tell, and why, where it should."""
    accuracy = run.data.metrics.get("test/accuracy")
    if accuracy is None:
        return None, ""
    where = f"run {run.info.run_id[:8]} ({called(run)})"
    for artifact in TABLES:
        with tempfile.TemporaryDirectory() as folder:
            path = artifacts.download(run.info.run_id, artifact, Path(folder))
            if path is None:
                continue
            try:
                if not path.is_file() or path.stat().st_size > LIMIT:
                    raise UserError(f"is no file of less than {LIMIT:,} bytes")
                table = predictions.read(path.read_bytes())
                if abs(float(np.mean(table.right)) - accuracy) > 1e-5:
                    raise UserError(f"has another accuracy than the run, {np.mean(table.right):.4f}")
            except UserError as error:
                return None, f"{where}: {artifact} is damaged, it is left out: {error}"
            return table, ""
    return None, f"{where} has no table of what it says of each test picture: an older version evaluated it"


def test_images(found: Comparison) -> tuple[np.ndarray | None, str]:
    """The images (n, height, width, channels) that tell models apart; None where they are not here, and a note."""
    if not any(each.wins or each.losses for each in found.differences):
        return None, ""
    first = found.configurations[0].runs[0]
    if paths.TEST.is_dir() and files.folder_sha256(paths.TEST) == first.test_data:
        images = arrays.load(paths.TEST).images
        if first.predictions is not None and len(images) == len(first.predictions.actual):
            return images, ""
    return None, f"no pictures are shown: those in {paths.TEST} are not the ones on which the models were tested"
