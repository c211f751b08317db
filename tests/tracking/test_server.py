"""What a user is told of a server that does not answer as MLflow's does: one line, with the reason and no password."""

import mlflow
import pytest
import requests
from helpers.serving import serving

from pipeline.core.cli import run_cli
from pipeline.core.errors import Away, UserError
from pipeline.tracking import queries, server, store

PAGE = "<!DOCTYPE html>\n<html>" + "please log in " * 100
ANSWERS = {
    "500 oops": ("no\nway", r"does not answer \(status 500\)"),
    "503 oops": (PAGE, r"does not answer \(status 503\)"),
    "429 oops": ('{"error_code": "REQUEST_LIMIT_EXCEEDED"}', r"does not answer \(status 429\)"),
    "401 oops": ("You are not authenticated.", "asks for another user or password: MLFLOW_TRACKING_USERNAME, MLFLOW"),
    "403 oops": ("Invalid Host header", "answers with status 403: Invalid Host header$"),
    "404 oops": (PAGE, "answers with status 404: that is not how MLflow's server answers"),
    "200 OK": (PAGE, "answers with status 200: that is not how MLflow's server answers; a login page, or another"),
    "400 oops": ('{"error_code": "INTERNAL_ERROR", "message": "its database\\nis full"}', ": its database$"),
}


@pytest.fixture
def stub(monkeypatch, tmp_path):
    """Serves one answer to all requests; `stub.status` and `stub.body` may be changed."""

    def app(environ, start):
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start(app.status, [])
        return [app.body.encode()]

    app.status, app.body = "200 OK", "{}"
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with serving(app) as port:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://user:s3cret@127.0.0.1:{port}")
        yield app


@pytest.mark.parametrize("status", ANSWERS)
def test_an_answer_that_is_none_of_mlflows_is_one_line_that_says_what_came(stub, status):
    stub.status, (stub.body, said) = status, ANSWERS[status]
    with pytest.raises(UserError, match=said) as error:
        store.open_store()
    assert "\n" not in str(error.value) and len(str(error.value)) < 250 and "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:5001", "MLFLOW_TRACKING_URI: should be http://127.0.0.1:5001, or https://, not 127.0.0.1:5001$"),
        ("http://nowhere.invalid:5000", r"nowhere.invalid:5000 does not answer \(.*(not known|name resolution)\)"),
        ("https://{}", r"does not answer \(TLS: wrong version number\)"),
    ],
)
def test_an_address_that_is_wrong_is_one_line(stub, monkeypatch, address, said):
    place = store.address().rpartition("@")[2]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address.format(place))
    with pytest.raises(UserError, match=said):
        store.open_store()


def test_a_server_that_closes_in_the_middle_says_so(stub):
    error = requests.ConnectionError(requests.packages.urllib3.exceptions.ProtocolError("Aborted.", OSError("closed")))
    assert server.reason(error) == "closed" and server.is_away(error)


def test_a_server_that_goes_away_between_two_questions_is_one_short_line(stub):
    store.open_store()
    stub.status, stub.body = "503 oops", PAGE
    with pytest.raises(Away, match=r"\*\*\*@127.0.0.1:\d+ does not answer any more \(too many 503 error responses\)$"):
        queries.get_run("a" * 32)  # it may have the run: that it has not is no answer
    with pytest.raises(Away), store.errors():
        mlflow.MlflowClient().search_experiments()
    stub.status, stub.body = "403 oops", "Permission denied"
    with (
        pytest.raises(
            UserError, match=r"^MLflow.s store: status 403 for /api/2.0/mlflow/experiments/search: Permission"
        ),
        store.errors(),
    ):
        mlflow.MlflowClient().search_experiments()
    stub.status, stub.body = "404 oops", '{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no"}'
    assert queries.get_run("a" * 32) is None


def test_the_password_of_an_address_is_not_in_the_error_of_a_library(stub):
    url = "http://user:s3cret@host/x"

    def fails():
        raise requests.HTTPError(f"404 for url: {url}")

    with pytest.raises(SystemExit, match=r"^error: 404 for url: http://user:\*\*\*@host/x$"):
        run_cli(fails)
