from pathlib import Path

import pytest
from dvc.repo import Repo
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipeline.core.errors import UserError
from pipeline.provenance import dvc_files


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<<<<<<< HEAD\nstages: [",
        "stage: {}\n",
        "[]\n",
        "\0",
        "[" * 20_000,
        "stages: {train: }",
        "stages: {a: {outs: [{md5: 1}]}}",
        "stages: {a: {outs: [{path: 5}]}}",
        "stages: {a: {outs: [{path: b, md5: [5]}]}}",
        "stages: {a: {params: }}",
        "stages: {a: {params: {params.yaml: }}}",
    ],
)
def test_a_damaged_lock_is_one_line(text):
    assert dvc_files.locked() == {}
    Path("dvc.lock").write_text(text)
    with pytest.raises(UserError, match=r"dvc.lock: is damaged; `git checkout dvc.lock`"):
        dvc_files.locked()


LOCK = """
stages:
  train:
    cmd: python -m pipeline train
    deps: [{path: data, md5: 0123456789abcdef0123456789abcdef.dir, size: 3}]
    params: {params.yaml: {dataset: {name: x}, train: {epochs: 3}}}
    outs: [{path: model, md5: 0123456789abcdef0123456789abcdef}, {path: elsewhere}]
"""


def test_a_lock_tells_hashes_and_parameters():
    Path("dvc.lock").write_text(LOCK)
    assert dvc_files.locked_hashes() == {"model": "0123456789abcdef" * 2}
    assert dvc_files.locked_params("train") == {"epochs": 3} and dvc_files.locked_params("nothing") == {}


@pytest.mark.parametrize("ignored", ["", "__pycache__\n", "# a comment\n*.pyc\n!b.pyc\n", "models/a.py\n", "/a.py\n"])
def test_the_md5_of_a_folder_is_that_of_dvc_with_what_dvc_ignores(ignored):
    Repo.init(no_scm=True)
    Path(".dvcignore").write_text(ignored)
    for name in ("a.py", "B é.py", "deeper/a.py", "__pycache__/a.pyc", "__pycache__/b.pyc"):
        (Path("models") / name).parent.mkdir(parents=True, exist_ok=True)
        (Path("models") / name).write_text(name)
    repository = Repo()  # which reads .dvcignore
    repository.add("models", no_commit=True)
    (out,) = YAML(typ="safe").load(Path("models.dvc"))["outs"]
    assert dvc_files.md5(Path("models")) == out["md5"]


def test_a_file_has_the_md5_of_its_bytes_and_what_is_missing_has_none():
    Path("a").write_bytes(b"hello")
    assert dvc_files.md5(Path("a")) == dvc_files.content_md5(b"hello") == "5d41402abc4b2a76b9719d911017c592"
    assert dvc_files.md5(Path("b")) is None


def lock(**out: str) -> None:
    YAML().dump({"schema": "2.0", "stages": {"train": {"cmd": "python", "outs": [out]}}}, Path("dvc.lock"))


LETTERS = st.sampled_from(["a", "é", " ", "-", ".", "..", "/", "~", "\0", "\n", "\\"]) | st.characters(codec="utf-8")


@given(name=st.lists(LETTERS, max_size=8).map("".join))
@example(name="/etc/passwd")
@example(name="../outside")
@example(name="data/../../outside")
@example(name="..")
@example(name="a\n")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_output_that_a_lock_names_lies_outside_of_the_folder(name):
    lock(path=name, md5="0" * 32)
    try:
        (found,) = dvc_files.locked_hashes()
    except UserError:
        return
    assert Path(found) != Path() and (Path.cwd() / found).resolve().is_relative_to(Path.cwd())


@pytest.mark.parametrize("md5", ["../../../etc/passwd", "0" * 31, "0" * 32 + "\n", "0" * 32 + ".dirs", "/" * 32])
def test_no_hash_in_a_lock_becomes_another_path_than_that_of_an_object(md5):
    lock(path="model", md5=md5)
    with pytest.raises(UserError, match=r"^dvc.lock: .* is no md5"):
        dvc_files.locked()
