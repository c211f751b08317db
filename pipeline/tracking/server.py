"""MLflow's server, asked once whether it answers; and what to say in a line where it does not."""

import re
import ssl

import requests
from mlflow.exceptions import MlflowException, RestException
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request, verify_rest_response

from pipeline.core.addresses import mask_passwords
from pipeline.core.errors import UserError

PATIENCE = 5  # seconds to connect to a server, and again as many until it answers
LONGEST = 200  # characters of what a server says that are repeated
AWAY = {"INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "DEADLINE_EXCEEDED", "REQUEST_LIMIT_EXCEEDED"}  # MLflow's codes
LOGIN = "asks for another user or password: MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD (status 401)"
STRANGE = "that is not how MLflow's server answers; a login page, or another program?"
REFUSED = re.compile(
    r"API request to endpoint (\S+) failed with error code (\d+) .*?Response body: '(.*?)'?", re.DOTALL
)


def ask(address: str, hint: str = "") -> None:
    """Raises UserError where a server does not answer, or not as MLflow's does. MLflow would try for four minutes."""
    name, endpoint = f"MLflow's server {mask_passwords(address)}", "/api/2.0/mlflow/experiments/search"
    creds, question = get_default_host_creds(address), {"max_results": 1}
    limits = {"max_retries": 0, "timeout": PATIENCE, "raise_on_status": False}
    try:
        answer = http_request(creds, endpoint, "POST", json=question, **limits)
    except MlflowException as error:
        raise UserError(f"{name} does not answer ({reason(error)}){hint}") from None
    status = answer.status_code
    if status == 429 or status >= 500:
        raise UserError(f"{name} does not answer (status {status}){hint}")
    try:
        verify_rest_response(answer, endpoint)
    except RestException as error:
        raise UserError(f"{name}: {reason(error)}") from None
    except MlflowException:
        if status == 401:
            raise UserError(f"{name} {LOGIN}") from None
        said = _first_line(answer.text)
        said = STRANGE if status == 200 or said.startswith("<") else said
        raise UserError(f"{name} answers with status {status}: {said}") from None


def is_away(error: BaseException) -> bool:
    """Whether an error of MLflow says that its server, or its database, does not answer now; it may do so later."""
    if isinstance(error, requests.RequestException):  # MLflow hands some on as they are
        return error.response is None or error.response.status_code == 429 or error.response.status_code >= 500
    return isinstance(error, MlflowException) and error.error_code in AWAY


def reason(error: BaseException) -> str:
    """Why a question to a server failed: what was wrong with the connection, else what the server said, in a line."""
    cause: BaseException | None = error if isinstance(error, requests.RequestException) else error.__context__
    if isinstance(error, RestException) or not isinstance(cause, requests.RequestException):
        text = getattr(error, "message", str(error))
        refused = REFUSED.fullmatch(text)
        return f"status {refused[2]} for {refused[1]}: {_first_line(refused[3])}" if refused else _first_line(text)
    if cause.response is not None:
        return f"status {cause.response.status_code}"
    while inner := _cause(cause):
        cause = inner
    text = re.split(r": |\] ", _first_line(str(cause)))[-1].partition(" (")[0].rstrip(".'\"")
    return f"TLS: {text}" if isinstance(cause, ssl.SSLError) else text


def _cause(error: BaseException) -> BaseException | None:
    """What an error of requests or urllib3 was made of."""
    inside = [getattr(error, "reason", None), *reversed(error.args)]
    return next((each for each in inside if isinstance(each, BaseException)), None)


def _first_line(text: str) -> str:
    line = next(iter(text.strip().splitlines()), "")
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
