"""Fills an MLflow store with copies of a run's records, without its files.

    python fill_runs.py STORE RUN COUNT

Each copy has the parameters, tags and all points of the curves of the run. Prints seconds for a copy.
"""

import sys
import time
import uuid

from mlflow import MlflowClient
from mlflow.entities import Param, RunTag


def fill(store: str, run_id: str, count: int) -> float:
    """Makes so many copies; returns the seconds that each took."""
    client = MlflowClient(store)
    run = client.get_run(run_id)
    points = [point for name in run.data.metrics for point in client.get_metric_history(run_id, name)]
    params = [Param(name, value) for name, value in run.data.params.items()]
    started = time.perf_counter()
    for _ in range(count):
        tags = run.data.tags | {"model.sha256": uuid.uuid4().hex * 2, "mlflow.runName": f"copy {uuid.uuid4().hex[:8]}"}
        new = client.create_run(run.info.experiment_id)
        client.log_batch(new.info.run_id, points, params, [RunTag(name, value) for name, value in tags.items()])
        client.set_terminated(new.info.run_id)
    return (time.perf_counter() - started) / count


if __name__ == "__main__":
    print("seconds", round(fill(sys.argv[1], sys.argv[2], int(sys.argv[3])), 4))
