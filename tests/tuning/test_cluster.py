"""What is asked of a Ray cluster, and said of it, before anything runs there."""

import socket
import sys
import types

import pytest

from pipeline.config.schema import Resources
from pipeline.core.errors import UserError
from pipeline.tuning import cluster
from pipeline.tuning.cluster import Node

HERE = Node("a", socket.gethostname(), 4.0, 0.0)
ELSEWHERE = Node("b", "elsewhere", 6.0, 2.0)
STUDY, SERVER = "postgresql://u:p@db.example/x", "https://mlflow.example"


@pytest.mark.parametrize(
    ("cpus", "gpus", "room"), [(1, 0, 6), (2, 0, 3), (4, 0, 1), (7, 0, 0), (1, 1, 2), (1, 0.5, 4), (2, 0.5, 3)]
)
def test_trials_fit_on_a_node_by_cores_and_by_gpus(cpus, gpus, room):
    assert ELSEWHERE.room(Resources(cpus=cpus, gpus=gpus)) == room


@pytest.mark.parametrize(
    ("workers", "cpus", "said"),
    [
        (2, 1, "Ray cluster of 2 nodes, 10 CPUs and 2 GPUs"),
        (4, 4, "Ray cluster of 2 nodes, 10 CPUs and 2 GPUs; there is room for 2 of 4 workers, the others wait"),
    ],
)
def test_what_the_cluster_has_is_said(params, workers, cpus, said):
    changes = {"workers": workers, "ray": Resources(cpus=cpus, gpus=0)}
    assert cluster.describe_room([HERE, ELSEWHERE], params.tune.model_copy(update=changes)) == said


def test_a_trial_that_fits_on_no_node_is_refused(params):
    tune = params.tune.model_copy(update={"ray": Resources(cpus=4, gpus=1)})
    with pytest.raises(UserError, match=r"tune\.ray: no node has 4 CPUs and 1 GPU for a trial: .* has 4 CPUs and 0"):
        cluster.describe_room([HERE], tune)


@pytest.mark.parametrize(
    ("study", "mlflow", "problems"),
    [
        (STUDY, SERVER, []),
        (STUDY, "sqlite:////x/mlflow.db", ["MLflow's store is a file here"]),
        (STUDY, "/x/mlruns", ["MLflow's store is a file here"]),
        (STUDY, "http://127.0.0.1:5000", ["MLFLOW_TRACKING_URI names this machine as localhost"]),
        ("postgresql://u:p@localhost/x", "sqlite:///x", ["--storage names this machine", "MLflow's store is a file"]),
    ],
)
def test_what_workers_write_to_has_to_be_reached_from_all_nodes(study, mlflow, problems):
    cluster.require_shared([HERE], study, mlflow)
    if not problems:
        cluster.require_shared([HERE, ELSEWHERE], study, mlflow)
        return
    with pytest.raises(UserError, match="--ray: elsewhere has to reach what workers write to: ") as refused:
        cluster.require_shared([HERE, ELSEWHERE], study, mlflow)
    assert all(problem in str(refused.value) for problem in problems) and ":p@" not in str(refused.value)


def test_a_python_by_which_ray_starts_no_worker_is_refused(monkeypatch, params):
    monkeypatch.setattr(sys, "executable", "/home/me/my project/.venv/bin/python")
    with (
        pytest.raises(UserError, match=r"in whose path is a space: /home/me/my project/"),
        cluster.joined("auto", STUDY, SERVER, params.tune),
    ):
        pass


def test_where_ray_is_not_installed_that_is_said(monkeypatch, params):
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(UserError, match=r"--ray: Ray is not installed; pip install 'seamline\[ray\]'"),
        cluster.joined("auto", STUDY, SERVER, params.tune),
    ):
        pass


def test_a_cluster_of_another_version_is_said_in_one_line(monkeypatch, params):
    def init(**_):
        raise RuntimeError("Version mismatch: The cluster was started with:\n    Ray: 2.60.0\n    Python: 3.12.1")

    monkeypatch.setitem(sys.modules, "ray", types.SimpleNamespace(init=init))
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")  # the environment may be at a path with a space
    with (
        socket.create_server(("127.0.0.1", 0)) as here,
        pytest.raises(UserError, match=r"--ray [\d.:]+: Version mismatch: .* with: Ray: 2\.60\.0 Python: 3\.12\.1$"),
        cluster.joined(f"127.0.0.1:{here.getsockname()[1]}", STUDY, SERVER, params.tune),
    ):
        pass
