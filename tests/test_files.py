import pytest

from pipeline import files


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "file"
    files.write_text(path, "old")
    with pytest.raises(OSError, match="full"), files.replacing(path) as temporary:
        temporary.write_text("ne")
        raise OSError("disk full")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "folder"
    for name in ("one", "two"):
        with files.replacing(path) as temporary:
            temporary.mkdir()
            (temporary / name).write_text(name)
    assert [file.name for file in path.iterdir()] == ["two"]
    assert list(tmp_path.iterdir()) == [path]


def test_sha256_is_the_standard_one(tmp_path):
    (tmp_path / "empty").touch()
    assert files.sha256(tmp_path / "empty").startswith("e3b0c44298fc1c14")


def test_dvc_names_the_root_where_a_stage_runs_in_a_copy(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert files.project_root() == tmp_path.resolve()
