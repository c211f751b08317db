"""The curves of a run in MLflow: metrics with a value for each epoch."""

import re

import mlflow
from mlflow.entities import Run


def curve(column: str) -> str:
    """The MLflow metric of a column of reports/history.csv: accuracy → epoch/train_accuracy; the UI groups by it."""
    return f"epoch/{column if column.startswith('validation_') else f'train_{column}'}"


def named(row: dict[str, float]) -> dict[str, float]:
    """A row of reports/history.csv as the points of MLflow's curves, without its epoch."""
    return {curve(column): value for column, value in row.items() if column != "epoch"}


def points(run_id: str, metric: str) -> dict[int, float]:
    """Epoch → value; where a run has two values, the later one."""
    return {point.step: point.value for point in mlflow.MlflowClient().get_metric_history(run_id, metric)}


def logged_curves(run: Run) -> dict[str, dict[int, float]]:
    """Column of reports/history.csv → epoch → value."""
    named = {_column(metric): metric for metric in run.data.metrics}
    return {column: points(run.info.run_id, metric) for column, metric in named.items() if column}


def _column(metric: str) -> str | None:
    """The column of reports/history.csv of an MLflow metric; None of one that is no curve. Version 0.1: train/loss."""
    found = re.fullmatch(r"epoch/(train|validation)_(\w+)", metric) or re.fullmatch(r"(train|validation)/(\w+)", metric)
    return found and (found[2] if found[1] == "train" else f"validation_{found[2]}")
