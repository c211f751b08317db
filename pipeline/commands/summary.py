"""Prints what the last `dvc repro` came to, and against the run before: accuracies, parameters, where to read more."""

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.config.load import load
from pipeline.core import files, paths, results
from pipeline.core.cli import say
from pipeline.core.errors import UserError

if TYPE_CHECKING:
    from pipeline.tracking.queries import Run

LABEL = 21  # characters before what a line says


class Told(NamedTuple):
    """What is said of an MLflow run."""

    name: str
    run_id: str
    accuracy: float  # on the test images
    params: dict[str, Any]  # leaf name → value

    def __str__(self) -> str:
        return f"{self.name}  ({self.run_id})"


def accuracies(found: dict[str, float], images: int) -> str:
    """What stands in reports/*.json, `found`; `images` says how many images the test data has."""
    best, accuracy = found[results.VALIDATION_ACCURACY], found[results.TEST_ACCURACY]
    return table(
        [
            ("validation accuracy", f"{best:.4f}  (epoch {found[results.BEST_EPOCH]:.0f}, the best)"),
            ("test accuracy", f"{accuracy:.4f}  ({interval(accuracy, images)}, on images that nothing else has seen)"),
        ]
    )


def summary(images: int, now: Told | None, before: Told | None, ui: list[str], champion: str = "") -> str:
    """What the MLflow store and the folder have besides.

    `now` is the run in this MLflow store, None after `dvc pull` in a clone; `before` is the one before it, None where
    there is none; `ui` says how to see the run; `champion` which model `predict` and `serve` ask.
    """
    rows = []
    if now and before:
        gain = f"now {100 * (now.accuracy - before.accuracy):+.2f} points"
        rows += [
            ("the run before", f"{before}, the last finished one on this data"),
            ("  test accuracy", f"{before.accuracy:.4f}  ({interval(before.accuracy, images)}), {gain}"),
            ("  parameters", changes(before.params, now.params)),
        ]
    rows += [("report", str(paths.MODEL_REPORT)), ("data checks", str(paths.DATA_CHECKS[1]))]
    if champion:
        rows.append(("champion", champion))
    if now:
        rows += [("MLflow run", str(now)), ("open the UI", f"\n{' ' * LABEL}".join(ui))]
    else:
        rows += [("MLflow run", "in another store; this makes one here:"), ("", "python -m pipeline sync")]
    return table(rows)


def table(rows: list[tuple[str, str]]) -> str:
    """A line for each row: a label and what is said to it."""
    return "\n".join(f"{label:{LABEL}}{value}" for label, value in rows)


def interval(accuracy: float, images: int) -> str:
    """The 95 % confidence interval of an accuracy on so many images."""
    import numpy as np

    from pipeline.evaluation import intervals

    share = intervals.share(np.arange(images) < round(accuracy * images))
    return f"95 % interval {share.low:.4f} to {share.high:.4f}"


def changes(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Which parameters differ: "filters 32 → 64"."""
    names = [name for name in before | now if before.get(name) != now.get(name)]
    return ", ".join(f"{name} {before.get(name, 'none')} → {now.get(name, 'none')}" for name in names) or "the same"


def told(run: "Run") -> Told:
    """What is said of a run that has trained a model."""
    from pipeline.tracking import queries

    info = run.info
    return Told(
        info.run_name, info.run_id, run.data.metrics[results.TEST_ACCURACY], queries.trained_params(info.run_id)
    )


def champion_of(data_set: str, run: "Run") -> str:
    """Which model of a data set is the champion: that of `run`, another, or none; and what the gate said of `run`."""
    from pipeline.tracking import registry

    version = registry.champion(data_set)
    if version and version.run_id == run.info.run_id:
        return f"this model, version {version.version}"
    verdict = run.data.tags.get(registry.GATE, "the gate has not judged this one")
    which = f"another, version {version.version} (run {str(version.run_id)[:8]})" if version else "none"
    return f"{which}; this model: " + "; ".join(verdict.splitlines()).replace(f"{registry.REFUSED};", "refused by", 1)


def tested() -> int:
    """How many test images the data checks have counted, for a params.yaml that leaves it open."""
    if not paths.DATA_CHECKS[0].is_file():
        raise UserError(f"{paths.DATA_CHECKS[0]} is missing; `dvc repro` makes it")
    classes = json.loads(paths.DATA_CHECKS[0].read_text(encoding="utf-8"))["classes"]
    return sum(row["count"] for row in classes if row["part"] == "test")


def main() -> None:
    (dataset_config,) = load("dataset")
    for path in (paths.TRAIN_METRICS, paths.TEST_METRICS, paths.RUN_ID, paths.MODEL):
        if not path.is_file():
            raise UserError(f"{path} is missing; `dvc repro` makes it")
    found = results.read(paths.TRAIN_METRICS) | results.read(paths.TEST_METRICS)
    images = dataset_config.counts["test"] or tested()
    say("\n" + accuracies(found, images))  # before MLflow is imported, which takes a second
    from pipeline.tracking import queries, related, store

    named = paths.RUN_ID.read_text(encoding="utf-8").strip()
    run = queries.get_run(related.find_run_of_model(named, files.sha256(paths.MODEL)))
    before = related.run_before(run) if run else None
    now, earlier = (told(each) if each else None for each in (run, before))
    ui = store.ui_lines(run.info.experiment_id, run.info.run_id) if run else []
    champion = champion_of(dataset_config.name, run) if run else ""
    say(summary(images, now, earlier, ui, champion))
