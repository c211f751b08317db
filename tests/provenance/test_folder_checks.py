"""Checks of the folder alone, on a small project."""

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest
from helpers.drawn import dataset, draw, half
from helpers.git import commit_all, git

from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.core.process import dvc
from pipeline.provenance import dvc_files, folder_checks
from pipeline.provenance.check import Check, Level

pytestmark = pytest.mark.usefixtures("project")
alone_and_inside = pytest.mark.parametrize("project", [".", "in ner"], indirect=True, ids=["repository", "subfolder"])


def failed(checks) -> list[str]:
    checks = list(checks)
    assert checks
    return [check.what for check in checks if not check.passed]


def changed() -> str:
    """What `stages` says that changed since train ran; "" where it agrees."""
    (check,) = (check for check in folder_checks.stages() if check.what == "train = dvc.lock")
    text, _, _ = check.hint.removeprefix("changed since train ran: ").partition(";")
    return "" if check.passed else text


@alone_and_inside
def test_compiled_code_is_no_change_and_code_that_was_added_is():
    assert changed() == ""
    Path("pipeline/models/new.py").touch()
    assert changed() == "pipeline/models"


@alone_and_inside
def test_another_command_other_parameters_and_other_dependencies_are_named():
    text = Path("dvc.yaml").read_text().replace("cmd: python, deps: [pipeline/train.py, ", "cmd: python3, deps: [")
    Path("dvc.yaml").write_text(text.replace("params: [train]", "params: [train, dataset]"))
    Path("params.yaml").write_text("train: {epochs: 3, model: {dropout: 0}}\n")
    wanted = "params.yaml (train, dataset), its command, the list of its dependencies, by pipeline/train.py"
    assert changed() == wanted


def test_a_stage_that_the_lock_has_lost_is_broken_once_it_has_outputs():
    assert failed(folder_checks.committed()) == failed(folder_checks.stages()) == []
    Path("plots").mkdir()
    assert failed(folder_checks.stages()) == ["evaluate is in dvc.lock"]


def test_a_damaged_description_is_one_line():
    Path("dvc.yaml").write_text("stages: {train: {cmd: [}}")
    with pytest.raises(UserError, match=r"^dvc: '\S*dvc.yaml' is invalid"):
        list(folder_checks.stages())


@alone_and_inside
def test_what_is_not_committed_can_be_made_again_and_is_named():
    (check,) = folder_checks.committed()
    assert check.level == Level.PASSED
    Path("README.md").write_text("no source")
    Path("dvc.lock").write_text(Path("dvc.lock").read_text() + "\n")
    Path("params.yaml").write_text("train: {epochs: 3, model: {dropout: 0}}\n")
    Path("pipeline/models/new.py").touch()
    git("update-index", "--assume-unchanged", "params.yaml")
    (check,) = folder_checks.committed()
    assert check.level == Level.UNCOMMITTED
    assert check.hint == "not committed yet: git add dvc.lock params.yaml pipeline && git commit"
    git("update-index", "--no-assume-unchanged", "params.yaml")
    commit_all()
    assert failed(folder_checks.committed()) == []


def test_without_git_nothing_is_said_about_commits(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert list(folder_checks.committed()) == []


def test_a_broken_configuration_of_dvc_is_one_line():
    Path(".dvc/config").write_text("[core\n")
    with pytest.raises(UserError, match=r"^dvc: configuration error - config file error: Invalid line \('\[core'\)"):
        list(folder_checks.cache())


def test_the_worst_of_a_kind_is_its_sign():
    from pipeline.provenance.check import by_kind, failures, line

    good, bad = Check("code", "a", True, ""), Check("code", "b", False, "mend it")
    open_ = Check("code", "c", False, "commit it", Level.UNCOMMITTED)
    assert line([good]) == "✓ code                 1 of 1 agree"
    assert line([good, open_]) == "~ code                 1 of 2 agree"
    assert line([bad, open_, good]) == "✗ code                 1 of 3 agree"
    assert failures([bad, open_, good]) == ["✗ b\n    mend it", "~ c\n    commit it"]
    other = good._replace(kind="model")
    assert by_kind([good, other, bad]) == [[good, bad], [other]]


def advice(checks) -> str:
    """What the only check that failed says to do."""
    (check,) = (check for check in checks if not check.passed)
    return check.hint


@pytest.mark.e2e
def test_the_advice_for_a_damaged_object_of_the_cache_helps():
    """`dvc checkout` alone brings the damaged bytes back, as if they were right."""
    Path("source").write_text("made of this\n")
    Path("dvc.yaml").write_text("stages: {copy: {cmd: cp source made, deps: [source], outs: [made]}}\n")
    dvc("repro", "copy")
    name = dvc_files.locked_hashes()["made"]
    stored = Path(dvc("cache", "dir")) / "files" / "md5" / name[:2] / name[2:]
    stored.chmod(0o644)
    stored.write_text("a bad disk\n")
    stored.chmod(0o444)
    Path("made").unlink()
    dvc("checkout", "made")
    assert Path("made").read_text() == "a bad disk\n"
    (command,) = re.findall("`(rm .*)`, then `dvc pull` or `dvc repro`", advice(folder_checks.cache()))
    subprocess.run(command, shell=True, check=True)
    dvc("repro", "copy")
    assert Path("made").read_text() == stored.read_text() == "made of this\n"
    assert failed(folder_checks.cache()) == failed(folder_checks.outputs()) == []

    Path("made").unlink()
    Path("made").write_text("edited by hand\n")
    (command,) = re.findall("`dvc (.*)` puts it back", advice(folder_checks.outputs()))
    dvc(*command.split())
    assert Path("made").read_text() == "made of this\n"


@pytest.mark.parametrize(
    "entry", [{"md5": "0" * 32, "relpath": "../../victim"}, {"md5": "/etc", "relpath": "x"}, {"x": 1}]
)
def test_a_listing_in_the_cache_that_leads_out_of_the_folder_is_one_line(tmp_path, entry):
    content = json.dumps([entry]).encode()
    name = hashlib.md5(content).hexdigest() + ".dir"
    (tmp_path / name[:2]).mkdir()
    (tmp_path / name[:2] / name[2:]).write_bytes(content)
    with pytest.raises(UserError, match="nothing was done with it"):
        folder_checks._objects(tmp_path, name)


def test_a_folder_of_pictures_is_held_against_its_hash(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draw(paths.RAW.absolute() / "train", each=1, seed=1)
    config = dataset(half(paths.RAW.absolute() / "train"), {"format": "share", "of": 0.5, "seed": 1})
    (check,) = folder_checks.raw_files(config)
    assert check.passed and check.what == "data/raw/train = params.yaml"
    (paths.RAW / "train" / "red" / "0.png").write_bytes(b"other")
    (check,) = folder_checks.raw_files(config)
    assert not check.passed and check.hint == "not the folder that params.yaml describes"
    (paths.RAW / "train").rename("elsewhere")
    assert not list(folder_checks.raw_files(config)), "nothing is said of what is not there"
