from pipeline.core import code_hash


def test_files_of_one_name_in_two_rooms_are_told_apart(tmp_path, monkeypatch):
    for room in ("tracking", "tuning"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "runs.py").write_text(room)
        (tmp_path / room / "runs.pyc").write_text("compiled")
    monkeypatch.setattr(code_hash, "PACKAGE", tmp_path)
    found = code_hash.code_sha256()
    assert found.keys() == {"tracking/runs.py", "tuning/runs.py"} and len(set(found.values())) == 2
    assert code_hash.code_sha256("tuning") == {"tuning/runs.py": found["tuning/runs.py"]}
    assert code_hash.code_sha256("tuning/runs.py", "tracking") == found


def test_all_of_the_package_is_hashed():
    found = code_hash.code_sha256()
    assert {"__main__.py", "core/code_hash.py", "training/loop.py"} <= found.keys()
