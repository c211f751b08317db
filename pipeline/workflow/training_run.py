"""Which MLflow run a training is recorded in: a training that was killed goes on in its own."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pipeline.config import recipes
from pipeline.config.load import parse
from pipeline.config.run_name import run_name
from pipeline.config.schema import Dataset, Tracking, Train
from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.core.process import git
from pipeline.provenance import dvc_files
from pipeline.tracking import artifacts, queries, runs, store
from pipeline.tracking.logging import log_files
from pipeline.training import checkpoint
from pipeline.training.fingerprint import fingerprint


class Start(NamedTuple):
    """How a training begins: in a new run, unless `continues` names one."""

    continues: str | None = None  # id of the run that goes on
    checkpoints_of: str | None = None  # id of the run whose checkpoints the new one takes over
    forgets_state: bool = False  # the state that is there is not gone on from


def decide(earlier: str | None, status: str | None, has_state: bool, is_committed: bool, is_opened: bool) -> Start:
    """How a training begins, given what an earlier try at it has left.

    `earlier` and `status` are the id and MLflow's status of the run that the state belongs to, None where the store
    has none. `has_state`: there is a state to go on from. `is_committed`: DVC has noted that run's outputs, so to train
    again is what somebody wants. `is_opened`: `mlflow run` has opened a run for this process.
    """
    if earlier is None:
        return Start()
    if is_committed or (status == "FINISHED" and not has_state):
        return Start(forgets_state=True)
    return Start(checkpoints_of=earlier) if is_opened else Start(continues=earlier)


@contextlib.contextmanager
def training_run(
    dataset_config: Dataset, params: Train, tracking: Tracking | None = None
) -> Iterator[tuple[str, Path]]:
    """Opens the run of a training for the block. Yields its id and the folder of the training's state."""
    store.open_store()
    data = {name: files.folder_sha256(folder) for name, folder in paths.TRAINING_DATA.items()}
    with checkpoint.claim(fingerprint(params, data | {"dataset": dataset_config.name})) as folder:
        earlier, status = queries.find_tagged("training.state", checkpoint.identity(folder)) or (None, None)
        noted = dvc_files.locked_hashes().get(paths.RUN_ID.as_posix())
        is_committed = noted == dvc_files.content_md5(f"{earlier}\n".encode())
        start = decide(earlier, status, checkpoint.exists(folder), is_committed, "MLFLOW_RUN_ID" in os.environ)
        if start.forgets_state:
            checkpoint.empty(folder)
        if start.checkpoints_of and status != "FINISHED":
            runs.end(start.checkpoints_of, "KILLED")
        tags = {"training": folder.name, "training.state": checkpoint.identity(folder)}
        with runs.run(start.continues, run_name=name(params), tags=tags, tracking=tracking) as run_id:
            if start.checkpoints_of:
                take_checkpoints(start.checkpoints_of)
            yield run_id, folder


def state_of(run: queries.Run) -> Path | None:
    """The folder of the state that the training of a run has left on this machine, or None."""
    if name := run.data.tags.get("training"):
        folder = checkpoint.folder_of(name)
        if folder.is_dir() and checkpoint.identity(folder) == run.data.tags.get("training.state"):
            return folder
    return None


def name(params: Train, experiment: str | None = None) -> str:
    """What the run of a training is called; an `experiment` of DVC is named if it is not given, but in its environment.

    The usual parameters, which are not named, are those in the commit HEAD, or those of the recipe, which is.
    """
    usual = None
    with contextlib.suppress(UserError):  # of another version
        if text := git("show", f"HEAD:./{paths.PARAMS}"):
            usual = parse(text, str(paths.PARAMS)).train
    recipe = recipes.matching(params)
    if usual and recipe == recipes.matching(usual):
        recipe = None
    elif usual and recipe:
        usual = params.model_copy(update={name: getattr(usual, name) for name in recipes.NOT_IN_ONE})
    said = filter(None, (experiment or os.environ.get("DVC_EXP_NAME"), recipe))
    return run_name(params, usual, ": ".join(said) or None)


def take_checkpoints(run_id: str) -> None:
    """Logs into the active run the checkpoints of the run in which its training began."""
    with tempfile.TemporaryDirectory() as folder:
        if taken := artifacts.download(run_id, Path("checkpoints"), Path(folder)):
            log_files([taken])
