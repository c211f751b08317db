from pathlib import Path

import pytest
from dvc.repo import Repo
from helpers.git import commit_all, git
from ruamel.yaml import YAML

from pipeline.provenance import dvc_files

STAGES = """
stages:
  train: {cmd: python, deps: [pipeline/train.py, pipeline/models], params: [train]}
  evaluate: {cmd: python, outs: [plots: {cache: true}]}
"""


@pytest.fixture
def project(tmp_path, monkeypatch, request):
    """A committed project whose dvc.lock says what it trained with: in a larger repository, or (param ".") alone."""
    inside = getattr(request, "param", "in ner")
    (tmp_path / inside / "pipeline" / "models").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    monkeypatch.chdir(tmp_path / inside)
    Repo.init(subdir=inside != ".")
    for name in ("train", "models/b", "models/a"):
        Path(f"pipeline/{name}.py").write_text(f"print('{name}')\n")
    Path(".gitignore").write_text("__pycache__\n.dvc\n")
    Path(".dvcignore").write_text("# what is not ours\n__pycache__\n")
    Path("params.yaml").write_text("train: {epochs: 2, model: {dropout: 0}}\n")
    Path("dvc.yaml").write_text(STAGES)
    code = (Path("pipeline/train.py"), Path("pipeline/models"))
    deps = [{"path": path.as_posix(), "hash": "md5", "md5": dvc_files.md5(path)} for path in code]
    params = {"params.yaml": {"train": {"epochs": 2, "model": {"dropout": 0}}}}
    stages = {"train": {"cmd": "python", "deps": deps, "params": params}}
    YAML().dump({"schema": "2.0", "stages": stages}, Path("dvc.lock"))
    Path("pipeline/models/__pycache__").mkdir()
    Path("pipeline/models/__pycache__/a.pyc").write_bytes(b"compiled")
    commit_all()
    return tmp_path / inside
