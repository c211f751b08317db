import sys
import tempfile
import types

from pipeline.tuning import ray_worker


class Answers:
    """Stands in for a module of Ray's, or an actor: whatever is called on it answers yes."""

    def __getattr__(self, name):
        return self

    def __call__(self, *_):
        return True


def test_a_node_without_a_folder_to_write_to_is_said_in_one_line(monkeypatch, tmp_path):
    ray = types.SimpleNamespace(get=lambda answer: answer, get_runtime_context=Answers)
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    reason = ray_worker.work(None, 1, Answers(), {}, None, None)
    assert reason.startswith(str(tmp_path / "gone")) and reason.endswith(": No such file or directory")


def test_a_worker_that_finds_nobody_who_wants_it_says_so_in_one_line(monkeypatch):
    def nobody(answer):
        raise RuntimeError("the actor is dead\nall that ran there: …")

    exceptions = types.SimpleNamespace(RayError=RuntimeError)
    ray = types.SimpleNamespace(get=nobody, get_runtime_context=Answers, exceptions=exceptions)
    monkeypatch.setitem(sys.modules, "ray", ray)
    reason = ray_worker.work(None, 1, Answers(), {}, None, None)
    assert reason == "the machine that the sweep was started on does not answer: the actor is dead"
