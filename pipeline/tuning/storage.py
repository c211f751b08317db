"""Where Optuna keeps studies: a journal file on this machine, or PostgreSQL for several; and who is at work on them."""

import contextlib
import json
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import optuna
import sqlalchemy
from filelock import FileLock, Timeout
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import TrialState

from pipeline.core import files, paths
from pipeline.core.addresses import has_password, mask_passwords
from pipeline.core.errors import UserError
from pipeline.tuning import trials

HEARTBEAT, GRACE = 10, 30  # seconds; the longest an unreachable worker's trial stays RUNNING


def default_address() -> str:
    """What OPTUNA_STORAGE names (as for Optuna's own programs), else the journal file in the repository."""
    return os.environ.get("OPTUNA_STORAGE") or str(files.project_root() / paths.JOURNAL)


def open_storage(address: str, must_exist: bool = False) -> BaseStorage:
    """Opens a journal file, which is made where there is none unless it `must_exist`, or postgresql://….

    In a database, workers leave heartbeats, and a trial whose worker no longer does is queued again. Raises UserError
    for another kind of address, a damaged journal, and where the database does not answer.
    """
    if is_database(address):
        shown = mask_passwords(address)
        try:
            if sqlalchemy.make_url(address).host != sqlalchemy.make_url(shown).host:
                raise UserError(f"storage {shown}: in a password, @ is written as %40 and / as %2F")
            return RDBStorage(
                address,
                engine_kwargs={"pool_pre_ping": True},
                heartbeat_interval=HEARTBEAT,
                grace_period=GRACE,
                heartbeat_stale_trial_callback=trials.queue_again,
            )
        except (sqlalchemy.exc.SQLAlchemyError, ImportError, ValueError) as error:
            reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise UserError(f"storage {shown}: {reason}") from None
    if must_exist and not Path(address).is_file():
        raise UserError(f"storage {address}: is not there")
    try:
        return JournalStorage(_open_journal(Path(address)))
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError) as error:  # Optuna checks nothing
        reason = str(error) or type(error).__name__
        raise UserError(f"storage {address}: is damaged ({reason}); put a copy back, or name another") from None


@contextlib.contextmanager
def errors(address: str) -> Iterator[None]:
    """Turns what a database refuses in the block, because it is away say, into a UserError of one line."""
    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        cause = error.__cause__ or error
        reason = str(getattr(cause, "orig", None) or cause).strip().partition("\n")[0]
        raise UserError(f"storage {mask_passwords(address)}: {reason}; the same command goes on") from None


def is_database(address: str) -> bool:
    """Whether an address is that of a database, not a file. Raises UserError for one that is not PostgreSQL."""
    scheme, colon, _ = address.partition("://")
    if colon and scheme not in ("postgresql", "postgresql+psycopg"):
        raise UserError(f"storage: should be a journal file or postgresql://…, not {scheme}://…")
    if not colon and (has_password(address) or re.match(r"[\w+]{2,}:/", address)):  # it would become a file's name
        raise UserError("storage: should be a journal file or postgresql://USER:PASSWORD@HOST/DATABASE")
    return bool(colon)


@contextlib.contextmanager
def study_lock(address: str, study: str) -> Iterator[None]:
    """One process at a time, of all that work on a study, decides what is done next. Freed when its process dies."""
    if not is_database(address):
        with FileLock(_beside(address, f"{study}.lock")):
            yield
        return
    engine = sqlalchemy.create_engine(address, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:  # https://www.postgresql.org/docs/current/explicit-locking.html, 13.3.5
        connection.execute(sqlalchemy.text("select pg_advisory_lock(hashtext(:name))"), {"name": f"study {study}"})
        yield


@contextlib.contextmanager
def worker_lease(address: str) -> Iterator[str | None]:
    """Says for the block that this process is alive, and yields a name to ask `is_worker_dead` about.

    For journal files, which know no heartbeats. For a database yields None.
    """
    if is_database(address):
        yield None
        return
    name = f"worker-{uuid.uuid4().hex}"
    path = _beside(address, name)
    with FileLock(path):
        yield name
    path.unlink(missing_ok=True)


def is_worker_dead(address: str, worker: str | None) -> bool:
    """Whether the process that had this name is gone. It had it under a lock that the kernel frees at its death.

    One without a name has lost its worker too: a worker takes a trial and names itself under one lock.
    """
    if worker is None:
        return True
    path = _beside(address, worker)
    with contextlib.suppress(Timeout), FileLock(path, timeout=0):
        path.unlink(missing_ok=True)
        return True
    return False


def requeue_stale_trials(study: optuna.Study, address: str) -> None:
    """Ends the trials whose worker is gone and queues them again. Hold the study lock.

    Their runs follow in `mlflow_runs.sync_trial_runs`. Raises UserError, before it does anything, for a study with an
    attribute that no program of ours wrote.
    """
    for trial in study.get_trials(deepcopy=False):
        for name in trials.KINDS:
            trials.attribute(trial, name)
    if is_database(address):
        optuna.storages.fail_stale_trials(study)  # by heartbeat
        return
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if is_worker_dead(address, trials.attribute(trial, "worker")):
            trials.queue_again(study, trial)
            study.tell(trial.number, state=TrialState.FAIL)


def _beside(address: str, name: str) -> Path:
    return Path(f"{address}.locks") / name


def _open_journal(path: Path) -> JournalFileBackend:
    content = path.read_bytes() if path.exists() else b""
    if content and not content.startswith(b'{"op_code":'):
        raise UserError(f"storage {path}: is no journal of Optuna's")
    lock = _KernelLock(path)  # makes the folder
    with lock.lock:
        _cut_torn_line(path)
        for line in path.read_bytes().splitlines()[-2:]:  # Optuna overlooks the last line until there is another
            json.loads(line)
    return JournalFileBackend(str(path), lock_obj=lock)


def _cut_torn_line(path: Path) -> None:
    """Makes a journal end with a whole line, and where there is none, makes one.

    A power cut or a full disk may have torn the last line; whatever is written behind it makes the journal unreadable.
    """
    with path.open("ab+") as file:
        file.seek(max(0, file.tell() - 1))
        if file.read() not in (b"", b"\n"):
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)


class _KernelLock(JournalFileOpenLock):
    """Optuna's own locks outlive a killed process, and others wait 30 s for it; this one dies with it."""

    def __init__(self, path: Path) -> None:
        self.path, self.lock = path, FileLock(_beside(str(path), "write"))

    def acquire(self) -> bool:
        self.lock.acquire()
        _cut_torn_line(self.path)
        return True

    def release(self) -> None:
        self.lock.release()
