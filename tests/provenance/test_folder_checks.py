"""Checks that need no run of the pipeline to fail."""

import os
from pathlib import Path

import pytest
from helpers.git import commit_all, git

from pipeline.core.errors import UserError
from pipeline.provenance import folder_checks
from pipeline.provenance.check import Check, Level

pytestmark = pytest.mark.usefixtures("project")
DESCRIPTION = "pipeline/train.py, pipeline/models"


def failed(checks) -> list[str]:
    checks = list(checks)
    assert checks
    return [check.what for check in checks if not check.passed]


def test_compiled_code_is_no_change_and_code_that_was_edited_added_or_removed_is():
    model, code = Path("pipeline/models/a.py"), ["pipeline/models = dvc.lock, train"]
    assert failed(folder_checks.stages()) == []
    text, times = model.read_text(), (model.stat().st_atime_ns, model.stat().st_mtime_ns)
    model.write_text(text.replace("a", "b"))
    os.utime(model, ns=times)  # DVC would take it for unchanged
    assert failed(folder_checks.stages()) == code
    model.write_text(text)
    Path("pipeline/models/new.py").touch()
    assert failed(folder_checks.stages()) == code
    Path("pipeline/models/new.py").unlink()
    model.unlink()
    assert failed(folder_checks.stages()) == code


def test_a_stage_that_the_lock_has_lost_is_broken_once_it_has_outputs():
    Path("plots").mkdir()
    assert failed(folder_checks.stages()) == ["evaluate is in dvc.lock"]


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (DESCRIPTION, f"{DESCRIPTION}, README.md", "deps"),
        (DESCRIPTION, "pipeline/models", "deps"),
        ("params: [train]", "params: [train, dataset]", "params"),
        ("params: [train]}", "params: [train], outs: [model]}", "outs"),
    ],
)
def test_a_stage_that_was_described_anew_since_it_ran_is_broken(old, new, kind):
    described = Path("dvc.yaml").read_text()
    assert old in described
    Path("dvc.yaml").write_text(described.replace(old, new))
    assert failed(folder_checks.stages()) == [f"names of {kind} of train = dvc.lock"]


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
    Path(".dvc").mkdir()
    Path(".dvc/config").write_text("[core\n")
    with pytest.raises(UserError, match=r"^dvc: configuration error - config file error: Invalid line \('\[core'\)"):
        list(folder_checks.cache())


def test_the_worst_of_a_kind_is_its_sign():
    from pipeline.provenance.check import table

    good, bad = Check("code", "a", True, ""), Check("code", "b", False, "mend it")
    open_ = Check("code", "c", False, "commit it", Level.UNCOMMITTED)
    assert table([good]) == "✓ code                 1 of 1 agree"
    assert table([good, open_]).startswith("~ code                 1 of 2 agree\n~ c\n    commit it")
    assert table([bad, open_, good]).startswith("✗ code                 1 of 3 agree\n✗ b\n    mend it\n~ c\n")
