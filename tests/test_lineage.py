import subprocess

from pipeline import files, lineage


def git(*arguments):
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
        tmp_path / "dvc.lock", "schema: '2.0'\nstages:\n  p:\n    outs:\n    - path: data\n      md5: abc.dir\n"
    )
    for command in (["init", "-q"], ["add", "params.yaml"], ["commit", "-qm", "start"]):
        git(*command)
    found = lineage.tags({"train": data.relative_to(tmp_path)})
    assert len(found["git.commit"]) == 40 and found["git.dirty"] == "false"
    assert found["data.train.dvc"] == "abc.dir"
    files.write_text(tmp_path / "reports/new.json", "an output is no change of the source")
    assert lineage.tags({})["git.dirty"] == "false"
    files.write_text(tmp_path / "params.yaml", "a: 2\n")
    assert lineage.tags({})["git.dirty"] == "true"


def test_the_hash_of_a_folder_changes_with_any_byte_or_name(tmp_path):
    def digest(**contents):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        for name, text in contents.items():
            files.write_text(folder / name, text)
        return lineage.folder_sha256(folder)

    assert digest(a="1", b="2") == digest(b="2", a="1")
    assert len({digest(a="1", b="2"), digest(a="1", b="3"), digest(a="1", c="2"), digest(a="12", b="")}) == 4
