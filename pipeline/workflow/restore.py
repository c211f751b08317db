"""A run for a model that another MLflow store's run trained: it came from a DVC remote, or this store was lost.

What was logged is taken from the outputs and from dvc.lock. The commit, the packages and the checkpoints are not to be
had any more. Which code made the model, dvc.lock says; `python -m pipeline verify` holds the files against it.
"""

from pathlib import Path

from pipeline.config.schema import Dataset, Train
from pipeline.core import cli, files, paths, results
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.core.untrusted import checked

OUTPUTS = (paths.MODEL, paths.RUN_ID, paths.HISTORY, paths.TRAIN_METRICS)  # of the stage train


def ensure_run(dataset_config: Dataset, params: Train) -> str:
    """The id of the run that trained the model in this folder; restores it where the MLflow store has none.

    A restored run is tagged `restored_from`; a restoration that was killed goes on in the same run. Raises UserError
    where outputs of train are missing, or the model is not the one that the run trained: the store knows its sha256; of
    a run that is not there, dvc.lock does, and `params` says of which layers it is.
    """
    for path in OUTPUTS:
        if not path.is_file():
            raise UserError(f"{path} is missing; `dvc pull` brings it, or `dvc repro train` makes it")
    with cli.suppress_stderr():
        from pipeline.data import arrays
        from pipeline.models import architectures, saving
        from pipeline.provenance import dvc_files
        from pipeline.tracking import logging, queries, related, runs
        from pipeline.workflow import training_run
        from pipeline.workflow.evaluate import record

    trained = checked(paths.RUN_ID.read_text(encoding="utf-8", errors="replace").strip(), "run id", str(paths.RUN_ID))
    sha256 = files.sha256(paths.MODEL)
    if found := related.find_run_of_model(trained, sha256):
        if queries.tag(found, "model.sha256") != sha256:
            raise UserError(
                f"{paths.MODEL}: is not the model that run {found} trained; `dvc checkout --force` puts that back"
            )
        return found
    locked = dvc_files.locked_hashes()
    for path in OUTPUTS:
        if locked.get(path.as_posix()) not in (None, dvc_files.md5(path)):
            raise UserError(
                f"{path}: is not the one in {paths.LOCK}, and run {trained} is not in this MLflow store; `dvc checkout "
                f"--force` ({paths.TRAIN_METRICS}: `git checkout`) puts that one back, `dvc repro --force train` trains"
            )
    classes = len(dataset_config.classes)
    model = saving.load(paths.MODEL, architectures.build(dataset_config.image_shape, classes, params))
    say(f"run {trained} is not in this MLflow store; a new one is made, tagged restored_from")
    half, _ = queries.find_tagged("restored_from", trained) or (None, None)
    with runs.run(half, run_name=training_run.name(params, "restored"), tags={"restored_from": trained}) as run_id:
        images = arrays.load(paths.TRAIN).images if paths.TRAIN.is_dir() else None
        logging.log_model(paths.MODEL, dataset_config.image_shape, dataset_config.classes, images)
        restore_training(dataset_config, saving.summary(model))
        if paths.TEST_METRICS.is_file():  # if not, it is about to be made
            record(dataset_config.name, dvc_files.locked_params("evaluate"), Path())
    return run_id


def restore_training(dataset_config: Dataset, summary: str) -> None:
    """Logs what is known of the training, and the table of layers, into the active run. May be called again."""
    import pandas as pd

    from pipeline.data import arrays, profile
    from pipeline.evaluation import plots
    from pipeline.provenance import dvc_files, lineage
    from pipeline.tracking import logging

    locked = {stage: dvc_files.locked_params(stage) for stage in ("preprocess", "train")}
    there = {name: folder for name, folder in paths.TRAINING_DATA.items() if folder.is_dir()}
    tags = lineage.data_tags(there)
    logging.log_start({"dataset": {"name": dataset_config.name}} | locked, tags)
    for name, folder in there.items():  # `dvc pull evaluate` brings none
        images = arrays.load(folder)
        logging.log_data(f"{dataset_config.name} {name}", images, tags[f"data.{name}.sha256"], context=name)
        if name == "train":
            logging.log_figure(plots.samples(images, dataset_config.classes), "data/samples.png")
            reference = profile.profile(*images, len(dataset_config.classes))
            logging.log_text(profile.as_json(reference), paths.REFERENCE.as_posix())
    logging.log_files(paths.DATA_CHECKS, "data")
    logging.log_text(summary, "model_summary.txt")

    logged = logging.logged_epochs()  # where a restoration was killed
    for row in pd.read_csv(paths.HISTORY).to_dict("records"):
        if row["epoch"] not in logged:
            logging.log_epoch(row)
    logging.log_training(results.read(paths.TRAIN_METRICS), paths.HISTORY)
