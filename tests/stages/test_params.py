import pytest
from helpers.data import SHIPPED

from pipeline.core.errors import UserError
from pipeline.stages import params


def test_a_server_that_does_not_answer_ends_it_before_any_output_goes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(SHIPPED.read_text())
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"http://127\.0\.0\.1:9 does not answer \(Connection refused\)"):
        params.main()
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]
