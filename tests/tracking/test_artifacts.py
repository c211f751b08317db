from pathlib import Path

from pipeline.tracking import artifacts, runs
from pipeline.tracking.logging import log_text


def test_an_artifact_that_is_a_link_is_no_artifact(store, tmp_path):
    with runs.run() as run_id:
        log_text("mine", "tables/a.txt")
    assert artifacts.content(run_id, Path("tables/a.txt")) == b"mine"
    place = tmp_path / "mlruns" / "0" / run_id / "artifacts"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.txt").write_text("not yours")
    (place / "tables" / "b.txt").symlink_to(tmp_path / "other" / "a.txt")
    (place / "linked").symlink_to(tmp_path / "other")
    for name in ("tables/b.txt", "linked/a.txt", "linked", "../../x", "missing"):
        assert artifacts.content(run_id, Path(name)) is None
