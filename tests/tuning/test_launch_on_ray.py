"""What the launcher does when the cluster fails it. What it does on a real one is in test_ray.py."""

import sys
import types

import optuna
import pytest

from pipeline.core.errors import UserError
from pipeline.tuning import cluster, launch_on_ray
from pipeline.tuning.study import silence_optuna


class Away:
    """A head that does not answer."""

    def answers(self) -> bool:
        return False


def test_a_sweep_comes_to_its_end_without_the_head_which_nobody_asks_anything(monkeypatch, params):
    silence_optuna()
    waits = iter([([], ["task"]), (["task"], [])])
    ray = types.SimpleNamespace(wait=lambda *_, **__: next(waits), get=lambda task: None)
    asked = iter([[]])  # once, before the first wait
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setattr(cluster, "nodes", lambda: next(asked))
    plan = types.SimpleNamespace(tune=params.tune)
    launch_on_ray._watch(optuna.create_study(), plan, {"task": 1}, home=None, head=Away())
    assert next(waits, "none is left") == "none is left"


def test_what_ray_refuses_is_one_line(monkeypatch):
    ray = pytest.importorskip("ray")

    def refuse(*_):
        raise ray.exceptions.OutOfDiskError("Local disk is full\nThe object cannot be created, since ...")

    monkeypatch.setattr(launch_on_ray, "_run", refuse)
    with pytest.raises(UserError, match=r"^the Ray cluster: .*; the same command goes on$") as refused:
        launch_on_ray.run_workers(None, None)
    assert "disk is full" in str(refused.value) and "\n" not in str(refused.value)
