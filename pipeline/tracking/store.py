"""The MLflow store: the one that MLFLOW_TRACKING_URI names, else mlflow.db in the repository.

`mlflow ui`, typed in the repository, opens the latter.
"""

import contextlib
import logging
import os
import re
import shlex
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import mlflow
import requests
import sqlalchemy
from filelock import FileLock
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from pipeline.core import files
from pipeline.core.addresses import mask_passwords
from pipeline.core.errors import Away, UserError
from pipeline.tracking import relocate, server

UPLOAD = 30  # seconds that a server may be silent over a file


def open_store() -> None:
    """Points MLflow at the store and makes it where there is none yet.

    Raises UserError where the store cannot be opened or made, where a server does not answer within ten seconds, and
    where our own store keeps its artifacts in another folder.
    """
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # its errors are exceptions too
    uri, root = address(), files.project_root()
    if re.match(r"[\w.-]+:\d+(/|$)", uri):
        raise UserError(f"MLFLOW_TRACKING_URI: should be http://{uri}, or https://, not {uri}")
    parsed = _parse(uri) if "://" in uri else None
    if is_server(uri):
        mlflow.set_tracking_uri(uri)
        server.ask(uri, _hint())
        return
    if parsed and parsed.get_backend_name() in ("postgresql", "mysql"):
        _connect(parsed, uri)
    # here %20 is a space, as `mlflow run` writes it
    database = Path(parsed.database or "") if parsed and parsed.drivername == "sqlite" else None
    if database and database.is_dir():
        raise UserError(f"MLflow's store cannot be opened: {uri} is a folder")  # MLflow would try for 100 s
    if uri == _own_address() and (database != root / "mlflow.db" or repr(str(root))[1:-1] != str(root)):
        raise UserError(
            f"{str(root)!r}: MLflow reads this name as another; rename the folder, without ? % \\ or line ends"
        )
    # two processes that make the tables at once can fail. MLflow resolves the artifact folder against the current
    # directory then, which is a temporary copy under `dvc exp run --temp`
    with FileLock(root / "mlflow.db.lock"), contextlib.chdir(root), errors():
        if database and not database.exists():
            with files.replacing(database) as new:  # killed half way, MLflow leaves one that never opens again
                new.touch()  # where nothing may be written, MLflow would try for 100 s
                mlflow.set_tracking_uri(f"sqlite:///{new}")
                mlflow.search_experiments(max_results=1)
        mlflow.set_tracking_uri(uri)
        mlflow.search_experiments(max_results=1)
        place = relocate.former_place(database) if database == root / "mlflow.db" else None
    if place not in (None, f"{root}/mlruns"):
        raise UserError(
            f"MLflow's store keeps artifacts in {place}, not in this folder (it was moved or copied, or `mlflow ui` "
            "made the store). This mends it: python -m pipeline relocate"
        )


def address() -> str:
    """The address of the store."""
    return os.environ.get("MLFLOW_TRACKING_URI") or _own_address()


def is_server(uri: str) -> bool:
    """Whether an address is that of an MLflow server, which is asked over HTTP."""
    return uri.lower().startswith(("http://", "https://"))


def ui_lines(experiment: str, run_id: str) -> list[str]:
    """How to see a run in MLflow's UI: what to type, unless a server runs already, and the address of the page."""
    # without its end, the UI opens as a tool for chats and agents
    uri, page = address(), f"/#/experiments/{experiment}/runs/{run_id}?workflowType=machine_learning"
    if is_server(uri):
        return [mask_passwords(uri.rstrip("/")) + page]
    is_own = "://" in uri and _parse(uri) == _parse(_own_address())  # `mlflow run` writes %20 for a space
    option = f"mlflow ui --backend-store-uri {shlex.quote(mask_passwords(uri))}"
    command = "make ui   (or: python -m pipeline ui)" if is_own else option
    return [f"{command}, then", f"http://127.0.0.1:5000{page}"]


def answers() -> bool:
    """Whether the store answers, if it is a server; true of all others."""
    try:
        if is_server(address()):
            server.ask(address())
    except UserError:
        return False
    return True


def is_away(error: BaseException) -> bool:
    """Whether an error says that a server, or its database, does not answer now; it may do so later."""
    may_be = is_server(address()) or address().startswith(("postgresql", "mysql"))
    return may_be and (isinstance(error, Away) or server.is_away(error))


def away(error: BaseException) -> Away:
    """What to raise for an error of which `is_away` is true."""
    if isinstance(error, Away):
        return error
    return Away(f"MLflow's server {mask_passwords(address())} does not answer any more ({server.reason(error)})")


@contextlib.contextmanager
def impatient() -> Iterator[None]:
    """MLflow tries once in the block, instead of eight times in four minutes."""
    quick = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": str(UPLOAD)}
    before = {name: os.environ.get(name) for name in quick}
    os.environ.update(quick)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def errors() -> Iterator[None]:
    """Turns what MLflow and its database raise in the block into UserErrors of one line."""
    try:
        yield
    except (MlflowException, requests.RequestException) as error:
        raise (away(error) if is_away(error) else UserError(f"MLflow's store: {server.reason(error)}")) from None
    except (SQLAlchemyError, sqlite3.Error) as error:
        reason = str(getattr(error, "orig", None) or error)
        if "already exists" in reason:  # a table, which MLflow makes again
            file = shlex.quote(address().removeprefix("sqlite:///"))
            reason += f"; it is half made. If it stays so, and no run was in it: mv {file} {file}.unfinished"
        raise UserError(f"MLflow's store cannot be opened: {reason}") from None


def local_path(place: str) -> Path | None:
    """Where artifacts at an address lie on this disk; None where another program has to be asked.

    Raises UserError where that is another MLflow server: it would be sent the password for the server of this store.
    """
    parts = urlparse(place)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    own = urlparse(address())
    on_server = parts.scheme in ("http", "https", "mlflow-artifacts") and parts.netloc
    is_own = (parts.hostname, parts.port) == (own.hostname, own.port) and parts.scheme in (
        own.scheme,
        "mlflow-artifacts",
    )
    if (on_server and not is_own) or parts.scheme in ("runs", "models"):  # which may lead to any other
        raise UserError(f"{place}: is not on the server of this MLflow store; nothing was asked of it")
    return None if parts.scheme else Path(place)


def _own_address() -> str:
    return f"sqlite:///{files.project_root() / 'mlflow.db'}"


def _parse(uri: str) -> sqlalchemy.URL:
    """An address in its parts. Raises UserError where a part of its password might pass for the host or the port."""
    with contextlib.suppress(ArgumentError, ValueError):
        parsed = sqlalchemy.make_url(uri)
        if not parsed.host or uri.count("@") < 2:
            return parsed
    raise UserError(
        "MLFLOW_TRACKING_URI: should look like SCHEME://USER:PASSWORD@HOST:PORT/NAME, with %40 for @ in the password"
    )


def _connect(database: sqlalchemy.URL, uri: str) -> None:
    """Raises UserError where a database server does not answer. MLflow itself would try for 100 seconds."""
    try:
        limit = {"connect_timeout": server.PATIENCE}
        sqlalchemy.create_engine(database, connect_args=limit, poolclass=sqlalchemy.NullPool).connect().close()
    except (SQLAlchemyError, ImportError) as error:
        reason, _, _ = str(getattr(error, "orig", None) or error).partition("\n")
        raise UserError(f"MLflow's store {mask_passwords(uri)} does not answer ({reason}){_hint()}") from None


def _hint() -> str:
    """How to have back what DVC has removed before this stage began, where it has."""
    is_stage = "DVC_STAGE" in os.environ
    return "; `dvc checkout && git checkout reports` puts back what DVC has removed" if is_stage else ""
