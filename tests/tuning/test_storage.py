import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import optuna
import pytest
from filelock import Timeout

from pipeline.core.errors import UserError
from pipeline.tuning import storage
from pipeline.tuning.study import silence_optuna


@pytest.fixture
def journal(tmp_path) -> str:
    silence_optuna()
    return str(tmp_path / "sweeps" / "optuna.journal")


def test_the_address_comes_from_the_environment_or_is_the_repository_journal(monkeypatch, tmp_path):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)
    assert storage.default_address() == str(tmp_path.resolve() / "sweeps" / "optuna.journal")
    monkeypatch.setenv("OPTUNA_STORAGE", "postgresql://x/y")
    assert storage.default_address() == "postgresql://x/y"


def test_a_torn_last_line_is_dropped_and_the_rest_stays(journal):
    study = optuna.create_study(storage=storage.open_storage(journal), study_name="a")
    study.add_trial(optuna.create_trial(value=1.0))
    with Path(journal).open("ab") as file:
        file.write(b'{"op_code":4,"worker')
    again = optuna.load_study(study_name="a", storage=storage.open_storage(journal))
    again.add_trial(optuna.create_trial(value=2.0))
    assert [trial.value for trial in study_of(journal, "a").trials] == [1.0, 2.0]


def test_what_is_written_behind_a_line_that_a_full_disk_tore_can_be_read(journal):
    study = optuna.create_study(storage=storage.open_storage(journal), study_name="a")
    with Path(journal).open("ab") as file:
        file.write(b'{"op_code":4,"worker')
    study.add_trial(optuna.create_trial(value=1.0))
    study.add_trial(optuna.create_trial(value=2.0))
    assert [trial.value for trial in study_of(journal, "a").trials] == [1.0, 2.0]


def study_of(journal: str, name: str) -> optuna.Study:
    return optuna.load_study(study_name=name, storage=storage.open_storage(journal))


def test_another_file_is_refused_and_left_as_it_is(tmp_path):
    other = tmp_path / "notes.txt"
    other.write_text("my notes, with no line end")
    with pytest.raises(UserError, match=r"notes\.txt: is no journal of Optuna's"):
        storage.open_storage(str(other))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    assert other.read_text() == "my notes, with no line end"


@pytest.mark.parametrize("address", ["sqlite:///x.db", "mysql://u:p@h/x", "https://h/x"])
def test_other_schemes_are_refused(address):
    with pytest.raises(UserError, match=r"should be a journal file or postgresql://…, not \w+://…"):
        storage.open_storage(address)


@pytest.mark.parametrize("address", ["postgresql:/u:secret@localhost/x", "host=h user=u password=secret dbname=x"])
def test_an_address_that_is_written_wrong_does_not_make_a_file_of_the_password(address, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="a journal file or postgresql://USER:PASSWORD") as caught:
        storage.open_storage(address)
    assert "secret" not in str(caught.value) and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:secret@127.0.0.1:1/x",
        "postgresql://u:secret@h:port/x",
        "postgresql://127.0.0.1:1/x?user=u&password=secret",
        "postgresql://u:secret@sec/ret@127.0.0.1:1/x",
        "postgresql://u:secret@ret@127.0.0.1:1/x",
    ],
)
def test_a_database_that_cannot_be_opened_is_one_line_without_the_password(address):
    with pytest.raises(UserError, match=r"storage postgresql://.*\*\*\*.*: ") as caught:
        storage.open_storage(address)
    assert "psycopg" not in str(caught.value), "what the database said, not what SQLAlchemy makes of it"
    assert not {word for word in ("secret", "sec", "ret") if word in str(caught.value)} and "\n" not in str(
        caught.value
    )


def hold(address: str, ready) -> None:
    with storage.worker_lease(address) as name, storage.study_lock(address, "a"):
        ready.put(name)
        time.sleep(600)


def killed_holder(journal: str) -> str:
    """The name of a process that was killed while it was at work and had the study lock."""
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Queue()
    process = spawn.Process(target=hold, args=(journal, ready))
    process.start()
    name = ready.get()
    assert not storage.is_worker_dead(journal, name)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    return name


def test_what_a_killed_process_held_is_free_at_once(journal):
    name = killed_holder(journal)
    with storage.study_lock(journal, "a"):
        assert storage.is_worker_dead(journal, name)
    assert not list(Path(f"{journal}.locks").glob("worker-*"))
    assert storage.is_worker_dead(journal, name), "also when asked again"
    assert storage.is_worker_dead(journal, None), "a process that never said its name"


def test_a_process_at_work_is_not_dead(journal):
    with storage.worker_lease(journal) as name:
        assert not storage.is_worker_dead(journal, name)
    assert storage.is_worker_dead(journal, name)


@pytest.mark.parametrize(
    "line",
    ["hello\n", "5\n", '{"op_code": 99, "worker_id": "x"}\n', '{"op_code": 0}\n', '{"op_code"\n{"op_code": 1}\n'],
)
def test_a_damaged_journal_is_one_line(journal, line):
    optuna.create_study(storage=storage.open_storage(journal), study_name="a")
    with Path(journal).open("a") as file:
        file.write(line)
    with pytest.raises(UserError, match="is damaged"):
        storage.open_storage(journal)


def test_a_folder_or_what_is_not_there_is_refused_and_nothing_is_made(tmp_path):
    with pytest.raises(IsADirectoryError):
        storage.open_storage(str(tmp_path))
    with pytest.raises(UserError, match="is not there"):
        storage.open_storage(str(tmp_path / "typo"), must_exist=True)
    assert not list(tmp_path.iterdir()) and not Path(f"{tmp_path}.locks").exists()


def test_a_dead_workers_trial_is_queued_again_and_no_other(journal):
    study = optuna.create_study(storage=storage.open_storage(journal))
    dead = f"worker-{0:032x}"
    study.ask().set_user_attr("worker", dead)
    study.ask()  # lost its worker before that had said its name
    study.add_trial(optuna.create_trial(value=0.5, user_attrs={"worker": dead}))
    with storage.worker_lease(journal) as alive:
        study.ask().set_user_attr("worker", alive)
        storage.requeue_stale_trials(study, journal)
        states = [trial.state.name for trial in study.trials]
    assert states == ["FAIL", "FAIL", "COMPLETE", "RUNNING", "WAITING", "WAITING"]
    assert not list(Path(f"{journal}.locks").glob("worker-*"))


def test_one_process_at_a_time_writes_into_a_journal(journal):
    storage.open_storage(journal)
    ours, theirs = (storage._KernelLock(Path(journal)) for _ in range(2))
    ours.acquire()
    with pytest.raises(Timeout):
        theirs.lock.acquire(timeout=0)
    ours.release()
    theirs.lock.acquire(timeout=0)
    theirs.release()


@pytest.mark.parametrize("state", [optuna.trial.TrialState.RUNNING, optuna.trial.TrialState.COMPLETE])
@pytest.mark.parametrize("name", ["worker", "training", "mlflow_run_id"])
@pytest.mark.parametrize("value", ["FOLDER", "FOLDER/file", "first.lock", "", ["x"]])
def test_what_somebody_wrote_into_a_journal_is_no_path_for_us(journal, tmp_path, state, name, value):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "file").write_text("precious")
    study = optuna.create_study(storage=storage.open_storage(journal), study_name="q")
    study.add_trial(optuna.create_trial(state=optuna.trial.TrialState.RUNNING, user_attrs={name: "0" * 32}))
    if isinstance(value, str):
        value = value.replace("FOLDER", str(folder))
    text = Path(journal).read_text()
    Path(journal).write_text(text.replace(f'"{"0" * 32}"', json.dumps(value)))
    study = study_of(journal, "q")
    if state.is_finished():
        study.tell(0, 0.5)
    assert study.trials[0].user_attrs == {name: value}
    with (
        storage.study_lock(journal, "q"),
        pytest.raises(UserError, match=f"trial 0: {name}: .*nothing was done with it"),
    ):
        storage.requeue_stale_trials(study, journal)
    assert (folder / "file").read_text() == "precious"
    assert study.trials[0].state == state and len(study.trials) == 1
