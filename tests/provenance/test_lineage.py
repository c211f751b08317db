import os
import subprocess
from importlib.metadata import distributions
from pathlib import Path

import pytest

from pipeline.core import files
from pipeline.provenance import git, lineage


def in_git(*arguments):
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments], check=True)


def test_tags_name_commit_state_stage_and_data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_STAGE", "train")
    monkeypatch.setenv("DVC_EXP_NAME", "dusty-lobe")
    data = tmp_path / "data"
    files.write_text(data / "images.npy", "pixels")
    found = lineage.tags({"train": data.relative_to(tmp_path)})
    assert (found["git.commit"], found["git.dirty"]) == ("unknown", "unknown")
    assert (found["dvc.stage"], found["dvc.exp_name"]) == ("train", "dusty-lobe")
    assert "data.train.dvc" not in found

    files.write_text(tmp_path / "params.yaml", "a: 1\n")
    files.write_text(
        tmp_path / "dvc.lock",
        "schema: '2.0'\nstages:\n  p:\n    outs:\n    - path: data\n      md5: 0123456789abcdef0123456789abcdef.dir\n",
    )
    for command in (["init", "-q"], ["add", "params.yaml"], ["commit", "-qm", "start"]):
        in_git(*command)
    found = lineage.tags({"train": data.relative_to(tmp_path)})
    assert len(found["git.commit"]) == 40 and found["git.dirty"] == "false"
    assert found["data.train.dvc"] == "0123456789abcdef0123456789abcdef.dir"
    files.write_text(tmp_path / "reports/new.json", "an output is no change of the source")
    assert lineage.tags({})["git.dirty"] == "false"
    files.write_text(tmp_path / "params.yaml", "a: 2\n")
    assert lineage.tags({})["git.dirty"] == "true"


@pytest.mark.parametrize("name", ["pipeline/models/new.py", "params.yaml", "dvc.yaml", "requirements.lock"])
def test_an_edit_of_whatever_decides_about_a_model_makes_the_tree_dirty(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    files.write_text(Path(name), "committed\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "start"]):
        in_git(*command)
    assert lineage.tags({})["git.dirty"] == "false"
    files.write_text(Path(name), "edited\n")
    assert lineage.tags({})["git.dirty"] == "true"


@pytest.mark.parametrize("how", ["as unchanged", "as ignored", "as untracked"])
def test_what_git_is_told_to_overlook_makes_the_tree_dirty_all_the_same(tmp_path, monkeypatch, how):
    monkeypatch.chdir(tmp_path)
    files.write_text(Path("pipeline/old.py"), "")
    files.write_text(Path("pipeline/__pycache__/old.pyc"), "")
    files.write_text(Path(".gitignore"), "__pycache__\n")
    for command in (["init", "-q"], ["add", "pipeline/old.py", ".gitignore"], ["commit", "-qm", "start"]):
        in_git(*command)
    assert lineage.tags({})["git.dirty"] == "false"
    if how == "as unchanged":
        in_git("update-index", "--assume-unchanged", "pipeline/old.py")
    elif how == "as ignored":
        files.write_text(Path(".git/info/exclude"), "old.py\nnew.py\n")
    else:
        in_git("config", "status.showUntrackedFiles", "no")
    changed = Path("pipeline/old.py" if how == "as unchanged" else "pipeline/new.py")
    changed.write_text("CHANGED = 1\n")
    assert lineage.tags({})["git.dirty"] == "true"
    assert changed.as_posix().encode() in git.uncommitted()


def test_the_hash_of_a_folder_changes_with_any_byte_or_name(tmp_path):
    def digest(**contents):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        for name, text in contents.items():
            files.write_text(folder / name, text)
        return files.folder_sha256(folder)

    assert digest(a="1", b="2") == digest(b="2", a="1")
    assert len({digest(a="1", b="2"), digest(a="1", b="3"), digest(a="1", c="2"), digest(a="12", b="")}) == 4


SETTINGS = {"diff.noprefix": "true", "diff.external": "/bin/echo", "color.ui": "always", "diff.context": "0"}


@pytest.mark.parametrize("settings", [{}, SETTINGS], ids=["plain", "the user's own"])
def test_what_is_not_committed_turns_the_commit_into_the_present_sources(tmp_path, monkeypatch, settings):
    (tmp_path / "a").mkdir()
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(settings)))
    for number, (key, value) in enumerate(settings.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    monkeypatch.chdir(tmp_path / "a")
    assert git.uncommitted() is None, "no repository"
    files.write_text(Path("params.yaml"), "a: 1\n")
    files.write_text(Path("pipeline/old.py"), "OLD = 1\n")
    files.write_text(Path("README.md"), "no source\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "start"]):
        in_git(*command)
    assert git.uncommitted() == b""
    Path("README.md").write_text("changed, and no matter\n")
    assert git.uncommitted() == b""
    files.write_text(Path("params.yaml"), "a: 2\n")
    files.write_text(Path("pipeline/new.py"), "NEW = 1\n")
    Path("pipeline/old.py").unlink()
    Path("pipeline/latin.py").write_bytes("# é\r\n".encode("latin-1"))
    files.write_text(Path("pipeline/deeper/.hidden.py"), "HIDDEN = 1\n")
    status = subprocess.check_output(["git", "status", "--porcelain"])
    difference = git.uncommitted()
    assert subprocess.check_output(["git", "status", "--porcelain"]) == status, "the index is as it was"

    in_git("clone", "-q", ".", "../b")
    subprocess.run(["git", "apply"], input=difference, cwd="../b", check=True)
    contents = [
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.suffix in (".py", ".yaml")}
        for root in (tmp_path / "a", tmp_path / "b")
    ]
    assert contents[0] == contents[1]


@pytest.mark.parametrize("ignored", ["", "*.bin\n"])
def test_of_new_files_a_run_carries_sources_alone_and_says_what_it_leaves(tmp_path, monkeypatch, ignored):
    monkeypatch.chdir(tmp_path)
    files.write_text(Path("pipeline/models/old.py"), "OLD = 1\n")
    files.write_text(Path("pipeline/page.html"), "<p>old</p>\n")
    files.write_text(Path(".gitignore"), ignored)
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "start"]):
        in_git(*command)
    assert git.carried() == (b"", [])
    Path("pipeline/.env").write_text("TOKEN=s3cret\n")
    Path("pipeline/models/weights.bin").write_bytes(os.urandom(3_000_000))
    assert lineage.tags({})["git.dirty"] == "false", "no source is other than committed"
    Path("pipeline/new.py").write_text("NEW = 1\n")
    Path("pipeline/page.html").write_text("<p>new</p>\n")
    difference, (line,) = git.carried()
    assert b"NEW = 1" in difference and b"<p>new</p>" in difference, "git knows the page"
    assert b"s3cret" not in difference and len(difference) < 2000
    left = "pipeline/.env" if ignored else "pipeline/.env, pipeline/models/weights.bin"
    assert line == f"note: no source files, so the run does not carry them: {left}"

    Path("pipeline/new.py").write_text("# " + "x" * git.LIMIT + "\n")
    difference, (_, line) = git.carried()
    assert difference == b"" and "more than 1,000,000, so the run does not carry them; commit them" in line
    assert lineage.tags({})["git.dirty"] == "true"


def test_packages_are_named_as_pip_does():
    installed = {dist.metadata["Name"].lower(): dist.version for dist in distributions()}
    lines = lineage.packages().splitlines()
    assert lines == [f"{name}=={version}" for name, version in sorted(installed.items())] and len(lines) > 50
