"""The MLflow store: the one that MLFLOW_TRACKING_URI names, else mlflow.db in the repository.

`mlflow ui`, typed in the repository, opens the latter.
"""

import contextlib
import logging
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import mlflow
import requests
import sqlalchemy
from filelock import FileLock
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from pipeline.core import files
from pipeline.core.addresses import mask_passwords
from pipeline.core.errors import UserError

PATIENCE = 5  # seconds to connect to a server, and again as many until it answers


def open_store() -> None:
    """Points MLflow at the store and makes it where there is none yet.

    Raises UserError where the store cannot be opened or made, where a server does not answer within ten seconds, and
    where our own store keeps its artifacts in another folder.
    """
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # its errors are exceptions too
    uri, root = address(), files.project_root()
    if is_server(uri):
        mlflow.set_tracking_uri(uri)
        _ask(uri)
        return
    if uri == _own_address() and sqlalchemy.make_url(uri).database != str(root / "mlflow.db"):
        raise UserError(f"{root}: MLflow reads the ? or % in this path as something else; rename the folder")
    # SQLAlchemy reads %20 as a space, which `mlflow run` writes
    database = Path(sqlalchemy.make_url(uri).database or "") if uri.startswith("sqlite:///") else None
    if database and database.is_dir():
        raise UserError(f"MLflow's store cannot be opened: {uri} is a folder")  # MLflow would try for 100 s
    # two processes that make the tables at once can fail. MLflow resolves the artifact folder against the current
    # directory then, which is a temporary copy under `dvc exp run --temp`
    with FileLock(root / "mlflow.db.lock"), contextlib.chdir(root):
        try:
            with errors():
                if database and not database.exists():
                    _make(database)
                mlflow.set_tracking_uri(uri)
                experiments = mlflow.search_experiments(order_by=["experiment_id"], max_results=1)
        except ValueError as error:
            raise UserError(f"MLflow's store cannot be opened: {error}") from None
    if database == root / "mlflow.db":
        _check_place((experiments[0].artifact_location if experiments else None) or "")


def address() -> str:
    """The address of the store."""
    return os.environ.get("MLFLOW_TRACKING_URI") or _own_address()


def is_server(uri: str) -> bool:
    """Whether an address is that of an MLflow server, which is asked over HTTP."""
    return uri.startswith(("http://", "https://"))


def ui_lines(experiment: str, run_id: str) -> list[str]:
    """How to see a run in MLflow's UI: what to type, unless a server runs already, and the address of the page."""
    uri, page = address(), f"/#/experiments/{experiment}/runs/{run_id}"
    if is_server(uri):
        return [mask_passwords(uri.rstrip("/")) + page]
    option = f"mlflow ui --backend-store-uri {shlex.quote(mask_passwords(uri))}"
    command = "make ui   (or: mlflow ui)" if uri == _own_address() else option
    return [f"{command}, then", f"http://127.0.0.1:5000{page}"]


@contextlib.contextmanager
def errors() -> Iterator[None]:
    """Turns what MLflow and its database raise in the block into UserErrors of one line."""
    try:
        yield
    except MlflowException as error:
        one_line, _, _ = str(error).partition("\n")
        raise UserError(f"MLflow's store: {one_line}") from None
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error)
        if "already exists" in reason:
            file = shlex.quote(address().removeprefix("sqlite:///"))
            reason += (
                "; another program is making the store just now, or was killed as it did. "
                f"If it stays so, and no run was in it: mv {file} {file}.unfinished"
            )
        raise UserError(f"MLflow's store cannot be opened: {reason}") from None


def local_path(address: str) -> Path | None:
    """Where artifacts at an address lie on this disk; None where another program has to be asked."""
    if address.startswith("file://"):
        return Path(url2pathname(urlparse(address).path))
    return None if "://" in address or address.startswith("mlflow-artifacts:") else Path(address)


def _own_address() -> str:
    return f"sqlite:///{files.project_root() / 'mlflow.db'}"


def _ask(server: str) -> None:
    """Raises UserError where a server does not answer."""
    try:
        with _asking_once():
            mlflow.search_experiments(max_results=1)
    except MlflowException as error:
        name, cause = f"MLflow's server {mask_passwords(server)}", error.__context__
        if not isinstance(cause, requests.RequestException):
            raise UserError(f"{name}: {error.message.splitlines()[0]}") from None
        reason = re.split(r": |, '", str(cause))[-1].partition(" (")[0].rstrip("'\").")
        in_dvc = "DVC_STAGE" in os.environ
        hint = "; `dvc checkout` puts back what DVC has removed and has in its cache" if in_dvc else ""
        raise UserError(f"{name} does not answer ({reason}){hint}") from None


@contextlib.contextmanager
def _asking_once() -> Iterator[None]:
    """Lets MLflow ask a server once, for PATIENCE seconds, in the block; it would try for four minutes."""
    settings = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": str(PATIENCE)}
    before = {name: value for name, value in os.environ.items() if name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name in settings:
            del os.environ[name]
        os.environ.update(before)


def _make(database: Path) -> None:
    """Makes a store under another name and renames it: killed half way, MLflow leaves one that never opens again."""
    root = str(files.project_root())
    if repr(root)[1:-1] != root:  # MLflow notes the artifact folder so
        raise UserError(
            f'{root!r}: MLflow cannot note a folder with this name; rename it, without \\, line breaks or "'
        )
    new = database.with_name(f"{database.name}.new")
    new.unlink(missing_ok=True)  # what a killed process left
    mlflow.set_tracking_uri(f"sqlite:///{new}")
    mlflow.search_experiments(max_results=1)
    if not database.exists():  # `mlflow run` or `mlflow ui`, which know nothing of our lock, may have begun meanwhile
        new.replace(database)
    new.unlink(missing_ok=True)


def _check_place(artifacts: str) -> None:
    """Raises UserError where our own store keeps its artifacts elsewhere than in this folder."""
    is_elsewhere = artifacts != f"{files.project_root()}/mlruns/0"
    if is_elsewhere and artifacts.endswith(("/mlruns/0", "mlflow-artifacts:/0")):
        raise UserError(
            f"MLflow's store keeps artifacts in {artifacts.removesuffix('/0')}, not in this folder (it was moved or "
            "copied, or `mlflow ui` made the store). This mends it: python -m pipeline relocate"
        )
