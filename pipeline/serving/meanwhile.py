"""MLflow is asked which model answers by another process, while this one imports tensorflow.

To open MLflow takes two thirds of the time that tensorflow takes.
"""

import contextlib
import gc
import multiprocessing
import signal
import tempfile
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path

from pipeline.config.schema import Dataset
from pipeline.core.errors import UserError
from pipeline.serving import source
from pipeline.serving.source import Source


@contextlib.contextmanager
def finding(dataset_config: Dataset, asked: str | None) -> Iterator[Callable[[], Source]]:
    """Calls `source.find` in another process for the block, in which the files of the model are there.

    What is yielded waits for its answer and returns it, or raises it.
    """
    processes = multiprocessing.get_context("spawn")  # a copy of this one would copy its locks, too
    answer, end = processes.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as folder:
        process = processes.Process(target=_answer, args=(end, dataset_config, asked, Path(folder)), daemon=True)
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
    """What the other process does: `find`, whose result or mistake it sends."""
    gc.disable()  # it imports, and ends
    found: Source | Exception
    try:
        found = source.find(*question)  # type: ignore[arg-type]
    except (UserError, OSError) as error:
        found = error
    with contextlib.suppress(BrokenPipeError):  # whoever asked was ended by Ctrl-C
        end.send(found)


def _received(answer: Connection) -> Source:
    try:
        found = answer.recv()
    except EOFError:
        raise UserError("MLflow's store was not read: the process that was to do it has ended") from None
    if isinstance(found, Exception):
        raise found
    return found
