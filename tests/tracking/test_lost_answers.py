"""A server does what it was asked, and the answer is lost: MLflow asks again, and yet nothing is there twice."""

import mlflow
from helpers.serving import serving
from mlflow.entities import LoggedModelStatus

from pipeline.tracking import registry, runs


def losing(app, *ends: str):
    """The application, with the first answer to each request lost whose path has one of these ends."""
    to_lose = set(ends)

    def lossy(environ, start):
        answer = []
        body = b"".join(app(environ, lambda *given: answer.append(given)))
        for end in {each for each in to_lose if environ["PATH_INFO"].endswith(each)}:
            to_lose.remove(end)
            environ["werkzeug.socket"].shutdown(2)
        start(*answer[0][:2])
        return [body]

    return lossy


def test_a_run_and_a_version_whose_answer_was_lost_are_there_once(application, monkeypatch):
    app = losing(application[0], "runs/create", "model-versions/create", "registered-models/create", "/alias")
    for name, value in {"MAX_RETRIES": "1", "BACKOFF_FACTOR": "0", "BACKOFF_JITTER": "0"}.items():
        monkeypatch.setenv(f"MLFLOW_HTTP_REQUEST_{name}", value)
    with serving(app) as port:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
        with runs.run() as other, runs.run(parent=other) as run_id:
            client = mlflow.MlflowClient()
            model = client.create_logged_model("0", "model", source_run_id=run_id)
            client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
            version = registry.register("a", run_id, model.model_id, {})
            registry.make_champion("a", version, "a test", [])
        assert {run.info.run_id for run in client.search_runs(["0"])} == {other, run_id}
        assert [each.version for each in client.search_model_versions()] == [registry.champion("a").version] == ["1"]
        assert len(registry.history("a")) == 1
