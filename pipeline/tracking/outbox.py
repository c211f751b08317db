"""What a training logs after each epoch, kept on disk until MLflow's store has it: a server may be away for a while.

The store takes the same point of a curve (name, value, step and time) once, however often it is sent: where an answer
was lost, the point is sent again with its own time. Files are written again with the same bytes.
"""

import time
from pathlib import Path

import mlflow
from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.config.schema.section import FileName
from pipeline.core import files
from pipeline.core.cli import counted, say
from pipeline.tracking import logging, store


class Point(BaseModel):
    """An epoch: its metrics, the time in milliseconds, and the name of a checkpoint in the folder."""

    model_config = ConfigDict(ser_json_inf_nan="constants")

    epoch: int
    time: int
    metrics: dict[str, float]
    checkpoint: FileName | None


class Outbox:
    """A folder of what the active run has not got yet, in the order in which it was put there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.is_away = False

    def put(self, epoch: int, metrics: dict[str, float], checkpoint: str | None = None) -> None:
        """Keeps the points of an epoch, with the time of now, and the name of its checkpoint, a file that is here."""
        point = Point(epoch=epoch, time=time.time_ns() // 1_000_000, metrics=metrics, checkpoint=checkpoint)
        files.write_text(self.folder / f"{epoch:06d}.json", point.model_dump_json())

    def deliver(self) -> None:
        """Sends what is here into the active run, in order, and forgets it.

        Where the server is away nothing waits for it, and the rest stays. Raises what else the store raises.
        """
        if self.is_away and not store.answers():
            return
        try:
            with store.impatient():
                count = self._send()
        except Exception as error:
            if not store.is_away(error):
                raise
            if not self.is_away:
                say("MLflow's server does not answer; the training goes on, and what it logs is kept until it does")
            self.is_away = True
            return
        if self.is_away:
            say(f"MLflow's server answers again, and has the {counted(count, 'epoch')} that it missed")
        self.is_away = False

    def empty(self) -> int:
        """As `deliver`, but waits as long as MLflow does, four minutes, and raises where the server is still away.

        Returns the number of epochs that were sent.
        """
        if any(self.folder.glob("*.json")) and not store.answers():
            say("MLflow's server does not answer: waiting for it up to four minutes, as MLflow does (Ctrl-C ends it)")
        return self._send()

    def _send(self) -> int:
        waiting = sorted(self.folder.glob("*.json"))
        for path in waiting:
            if point := _read(path):
                mlflow.log_metrics(point.metrics, step=point.epoch, timestamp=point.time)
                if point.checkpoint:
                    logging.log_files([self.folder / point.checkpoint], "checkpoints")
                    (self.folder / point.checkpoint).unlink(missing_ok=True)  # killed here, the point is sent once more
            path.unlink(missing_ok=True)
        return len(waiting)


def _read(path: Path) -> Point | None:
    """What `put` wrote; None, with a line, where it is damaged: it is set aside, and history.csv has its curves."""
    try:
        return Point.model_validate_json(path.read_bytes())
    except ValidationError:
        aside = path.rename(path.with_suffix(".damaged"))
        say(f"{path}: is not as it was written; it is set aside as {aside.name}, and the curves come from elsewhere")
        return None
