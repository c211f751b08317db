"""Which model answers: the champion of the data set, or the model of a run; what MLflow's store knows of it."""

import contextlib
import gc
import multiprocessing
import signal
import tempfile
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from pipeline.core.errors import UserError


class Source(NamedTuple):
    """A trained model, not loaded yet."""

    run_id: str
    version: str | None  # in the registry; None for a run that was asked for by its id
    params: dict[str, str]  # of its training, by leaf name
    model: Path

    def describe(self, data_set: str) -> str:
        which = f"the champion, version {self.version} of {data_set}" if self.version else f"a model of {data_set}"
        return f"{which} (run {self.run_id})"


def find(data_set: str, run_id: str | None, folder: Path) -> Source:
    """The model of a run, or the champion of the data set where `run_id` is None. `folder` takes what is downloaded.

    Raises UserError where there is none, its file is lost or damaged, or it was trained on another data set.
    """
    from pipeline.tracking import queries, registry, store

    store.open_store()
    with store.errors():
        version = None
        if run_id is None:
            champion = registry.champion(registry.model_name(data_set))
            if champion is None:
                raise UserError(f"{data_set} has no champion: {registry.HOW}; --run RUN asks the model of any run")
            version, run_id = str(champion.version), str(champion.run_id)
        run = queries.resolve_run(run_id)
        model = queries.model_file(run, folder)
        trained_on = run.data.params.get("dataset.name")
        if trained_on != data_set:
            raise UserError(
                f"run {run.info.run_id} was trained on {trained_on}, not on {data_set}, as params.yaml says"
            )
        return Source(run.info.run_id, version, queries.trained_params(run.info.run_id), model)


@contextlib.contextmanager
def finding(data_set: str, run_id: str | None) -> Iterator[Callable[[], Source]]:
    """Calls `find` in another process for the block. What is yielded waits for its answer and returns it, or raises it.

    MLflow takes two thirds of the time to open that tensorflow takes; so they do it at the same time.
    """
    processes = multiprocessing.get_context("spawn")  # a copy of this one would copy its locks, too
    answer, end = processes.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as folder:
        process = processes.Process(target=_answer, args=(end, data_set, run_id, Path(folder)), daemon=True)
        resource_tracker.ensure_running()  # whose start lets all signals through again
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a Ctrl-C is for this process, which ends the other
        process.start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        end.close()
        try:
            yield lambda: _received(answer)
        finally:
            process.kill()
            process.join()


def _answer(end: Connection, *question: object) -> None:
    """What the other process does: `find`, whose result or UserError it sends."""
    gc.disable()  # it imports, and ends
    found: Source | UserError
    try:
        found = find(*question)  # type: ignore[arg-type]
    except UserError as error:
        found = error
    with contextlib.suppress(BrokenPipeError):  # whoever asked was ended by Ctrl-C
        end.send(found)


def _received(answer: Connection) -> Source:
    try:
        found = answer.recv()
    except EOFError:
        raise UserError("MLflow's store was not read: the process that was to do it has ended") from None
    if isinstance(found, UserError):
        raise found
    return found
