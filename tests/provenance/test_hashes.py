"""Our md5 of a folder is DVC's own."""

from pathlib import Path

import pytest
from dvc.repo import Repo
from ruamel.yaml import YAML

from pipeline.provenance import hashes


@pytest.mark.parametrize("ignored", ["", "__pycache__\n", "# a comment\n*.pyc\n!b.pyc\n", "models/a.py\n", "/a.py\n"])
def test_it_is_that_of_dvc_with_what_dvc_ignores(tmp_path, monkeypatch, ignored):
    monkeypatch.chdir(tmp_path)
    Repo.init(no_scm=True)
    Path(".dvcignore").write_text(ignored)
    for name in ("a.py", "B é.py", "deeper/a.py", "__pycache__/a.pyc", "__pycache__/b.pyc"):
        (Path("models") / name).parent.mkdir(parents=True, exist_ok=True)
        (Path("models") / name).write_text(name)
    repository = Repo()  # which reads .dvcignore
    repository.add("models", no_commit=True)
    (out,) = YAML(typ="safe").load(Path("models.dvc"))["outs"]
    assert hashes.md5(Path("models")) == out["md5"]


def test_a_file_has_that_of_its_bytes_and_what_is_missing_has_none(tmp_path):
    (tmp_path / "a").write_bytes(b"hello")
    assert hashes.md5(tmp_path / "a") == hashes.content_md5(b"hello") == "5d41402abc4b2a76b9719d911017c592"
    assert hashes.md5(tmp_path / "b") is None
