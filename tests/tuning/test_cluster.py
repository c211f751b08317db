"""What is asked of a Ray cluster, and said of it, before anything runs there."""

import logging
import os
import signal
import socket
import sys
import types

import pytest

from pipeline.config.schema import Resources
from pipeline.core.code_hash import PACKAGE
from pipeline.core.errors import UserError
from pipeline.tuning import cluster
from pipeline.tuning.cluster import Node

HERE = Node("a", socket.gethostname(), 4.0, 0.0)
ELSEWHERE = Node("b", "elsewhere", 6.0, 2.0)
STUDY, SERVER = "postgresql://u:p@db.example/x", "https://mlflow.example"


class Ray(types.SimpleNamespace):
    """As much of Ray as is asked: a cluster of two nodes and one that has died. Remembers what it was told."""

    told, is_over, error = None, False, None

    def init(self, **told):
        if self.error:
            raise self.error
        self.told = told
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def nodes(self):
        said = [(HERE, {"CPU": 4.0}, True), (ELSEWHERE, {"CPU": 6.0, "GPU": 2.0}, True), (HERE, {"CPU": 8.0}, False)]
        names = ("NodeID", "NodeManagerHostname", "Resources", "Alive")
        return [dict(zip(names, (node.id, node.host, has, alive), strict=True)) for node, has, alive in said]

    def shutdown(self):
        self.is_over = True


@pytest.fixture
def ray(monkeypatch) -> Ray:
    ray = Ray()
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")  # the environment may be at a path with a space
    monkeypatch.setattr(os, "environ", {})
    return ray


@pytest.fixture
def address():
    """HOST:PORT where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as here:
        yield f"127.0.0.1:{here.getsockname()[1]}"


@pytest.mark.parametrize(
    ("cpus", "gpus", "room"), [(1, 0, 6), (2, 0, 3), (4, 0, 1), (7, 0, 0), (1, 1, 2), (1, 0.5, 4), (2, 0.5, 3)]
)
def test_trials_fit_on_a_node_by_cores_and_by_gpus(cpus, gpus, room):
    assert ELSEWHERE.room(Resources(cpus=cpus, gpus=gpus)) == room


@pytest.mark.parametrize(
    ("workers", "cpus", "said"),
    [
        (10, 1, "Ray cluster of 2 nodes, 10 CPUs and 2 GPUs"),
        (4, 4, "Ray cluster of 2 nodes, 10 CPUs and 2 GPUs; there is room for 2 of 4 workers, the others wait"),
    ],
)
def test_what_the_cluster_has_is_said(params, workers, cpus, said):
    changes = {"workers": workers, "ray": Resources(cpus=cpus, gpus=0)}
    assert cluster.describe_room([HERE, ELSEWHERE], params.tune.model_copy(update=changes)) == said


def test_a_trial_that_fits_on_no_node_is_refused(params):
    tune = params.tune.model_copy(update={"ray": Resources(cpus=4, gpus=1)})
    nodes = [HERE._replace(host=host) for host in "dacebd"]
    has = "; ".join(f"{host} has 4 CPUs and 0 GPUs" for host in "abcde")
    with pytest.raises(UserError, match=rf"^tune\.ray: no node has 4 CPUs and 1 GPU for a trial: {has}$"):
        cluster.describe_room(nodes, tune)


@pytest.mark.parametrize(
    ("study", "mlflow", "problems"),
    [
        (STUDY, SERVER, []),
        (STUDY, "sqlite:////x/mlflow.db", ["MLflow's store is a file here"]),
        (STUDY, "/x/mlruns", ["MLflow's store is a file here"]),
        (STUDY, "file:///x/mlruns", ["MLflow's store is a file here"]),
        (STUDY, "http://127.0.0.1:5000", ["MLFLOW_TRACKING_URI names this machine as localhost"]),
        ("postgresql://u:p@[::1]/x", "http:///", ["--storage names this machine", "MLFLOW_TRACKING_URI names this"]),
        ("postgresql://u:p@localhost/x", "sqlite:///x", ["--storage names this machine", "MLflow's store is a file"]),
    ],
)
def test_what_workers_write_to_has_to_be_reached_from_all_nodes(study, mlflow, problems):
    cluster.require_shared([HERE], study, mlflow)
    if not problems:
        cluster.require_shared([HERE, ELSEWHERE], study, mlflow)
        return
    with pytest.raises(UserError, match=r"^--ray: elsewhere has to reach what workers write to: ") as refused:
        cluster.require_shared([HERE, ELSEWHERE, ELSEWHERE._replace(host="far")], study, mlflow)
    assert all(problem in str(refused.value) for problem in problems) and ":p@" not in str(refused.value)


def test_a_python_by_which_ray_starts_no_worker_is_refused(ray, monkeypatch, params):
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


def test_a_sweep_is_a_job_on_the_cluster_until_it_ends(ray, address, params, capsys):
    before = signal.getsignal(signal.SIGTERM)
    with cluster.joined(address, STUDY, SERVER, params.tune):
        assert cluster.nodes() == [HERE, ELSEWHERE] and not ray.is_over
        assert signal.getsignal(signal.SIGTERM) == before, "Ray has put its own"
    assert ray.is_over and capsys.readouterr().out == "Ray cluster of 2 nodes, 10 CPUs and 2 GPUs\n"
    quiet = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    assert ray.told == {"address": address, "runtime_env": {"py_modules": [str(PACKAGE)]}} | quiet
    assert os.environ.items() >= {"RAY_DEDUP_LOGS_SKIP_REGEX": ".", "RAY_task_oom_retries": "10"}.items()
    assert logging.getLogger("ray").level == logging.CRITICAL


def test_a_job_ends_where_its_nodes_cannot_reach_what_they_write_to(ray, address, params):
    with (
        pytest.raises(UserError, match="MLflow's store is a file here"),
        cluster.joined(address, STUDY, "sqlite:///x", params.tune),
    ):
        pass
    assert ray.is_over


def test_a_cluster_that_does_not_answer_is_not_joined(ray, params):
    with (
        pytest.raises(UserError, match=r"--ray 127\.0\.0\.1:1: no Ray cluster answers"),
        cluster.joined("127.0.0.1:1", STUDY, SERVER, params.tune),
    ):
        pass
    assert ray.told is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            RuntimeError("Version mismatch: The cluster was started with:\n    Ray: 2.60.0\n    Python: 3.12.1"),
            "Version mismatch: The cluster was started with: Ray: 2.60.0 Python: 3.12.1",
        ),
        (ConnectionError("closed"), "no Ray cluster answers; start one with `ray start --head` (closed)"),
        (ValueError("no address"), "no Ray cluster answers; start one with `ray start --head` (no address)"),
    ],
)
def test_a_cluster_that_cannot_be_joined_is_said_in_one_line(ray, address, params, error, said):
    ray.error = error
    with pytest.raises(UserError) as refused, cluster.joined(address, STUDY, SERVER, params.tune):
        pass
    assert str(refused.value) == f"--ray {address}: {said}"


def test_a_node_that_is_gone_is_missed():
    assert cluster.lost([HERE, ELSEWHERE], [ELSEWHERE]) == [HERE]
