from pathlib import Path

import pytest
from helpers.git import commit_all, git
from ruamel.yaml import YAML

from pipeline.provenance import hashes

STAGES = """
stages:
  train: {cmd: python, deps: [pipeline/train.py, pipeline/models], params: [train]}
  evaluate: {cmd: python, outs: [plots: {cache: true}]}
"""


@pytest.fixture(params=[".", "in ner"], ids=["repository", "subfolder"])
def project(tmp_path, monkeypatch, request):
    """A committed project, alone or within a larger repository, whose dvc.lock says what it trained with."""
    (tmp_path / request.param / "pipeline" / "models").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    monkeypatch.chdir(tmp_path / request.param)
    for name in ("train", "models/b", "models/a"):
        Path(f"pipeline/{name}.py").write_text(f"print('{name}')\n")
    Path(".gitignore").write_text("__pycache__\n")
    Path(".dvcignore").write_text("# what is not ours\n__pycache__\n")
    Path("params.yaml").write_text("train: {epochs: 2, model: {dropout: 0}}\n")
    Path("dvc.yaml").write_text(STAGES)
    deps = [{"path": path, "md5": hashes.md5(Path(path))} for path in ("pipeline/train.py", "pipeline/models")]
    params = {"params.yaml": {"train": {"epochs": 2, "model": {"dropout": 0}}}}
    YAML().dump({"stages": {"train": {"cmd": "python", "deps": deps, "params": params}}}, Path("dvc.lock"))
    Path("pipeline/models/__pycache__").mkdir()
    Path("pipeline/models/__pycache__/a.pyc").write_bytes(b"compiled")
    commit_all()
    return tmp_path / request.param
