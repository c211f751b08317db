"""The run of the model in this folder, where the MLflow store has it only in part, or not at all.

In part: its server was away when the training ended. Not at all: the model came from a DVC remote, or this store was
lost. Then what was logged is taken from the outputs and from dvc.lock. The commit, the packages and the checkpoints are
not to be had any more. Which code made the model, dvc.lock says, and `python -m pipeline verify` compares.
"""

from pathlib import Path

from pipeline.config.schema import Dataset, Train
from pipeline.core import cli, files, paths
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.core.untrusted import checked

OUTPUTS = (paths.MODEL, paths.RUN_ID, paths.HISTORY, paths.TRAIN_METRICS)  # of the stage train


def ensure_run(dataset_config: Dataset, params: Train) -> str:
    """The id of the run that trained the model in this folder; completes it where the MLflow store has it in part, and
    restores it where the store has none.

    A restored run is tagged `restored_from`; a restoration that was killed goes on in the same run. Raises UserError
    where outputs of train are missing, or the model is not the one that the run trained: the store knows its sha256; of
    a run that is not there, dvc.lock does, and `params` says of which layers it is.
    """
    for path in OUTPUTS:
        if not path.is_file():
            raise UserError(f"{path} is missing; `dvc pull` brings it, or `dvc repro train` makes it")
    with cli.suppress_stderr():
        from pipeline.models import architectures, saving
        from pipeline.provenance import dvc_files
        from pipeline.tracking import manifest, queries, related, runs
        from pipeline.workflow import training_run
        from pipeline.workflow.evaluate import record
        from pipeline.workflow.train import deliver

    trained = checked(paths.RUN_ID.read_text(encoding="utf-8", errors="replace").strip(), "run id", str(paths.RUN_ID))
    sha256 = files.sha256(paths.MODEL)
    found = queries.get_run(related.find_run_of_model(trained, sha256))
    if found:
        logged, has_ended = found.data.tags.get("model.sha256"), found.info.status == "FINISHED"
        if logged != sha256 and (logged or has_ended):
            raise UserError(
                f"{paths.MODEL}: is not the model that run {found.info.run_id} trained; `dvc checkout --force` puts "
                "that back"
            )
        if has_ended or manifest.TAG in found.data.tags:
            return found.info.run_id
    locked = dvc_files.locked_hashes()
    for path in OUTPUTS:
        if locked.get(path.as_posix()) not in (None, dvc_files.md5(path)):
            raise UserError(
                f"{path}: is not the one in {paths.LOCK}, and run {trained} is not in this MLflow store; `dvc checkout "
                f"--force` ({paths.TRAIN_METRICS}: `git checkout`) puts that one back, `dvc repro --force train` trains"
            )
    if found:
        say(f"run {found.info.run_id} gets what it has not got yet: its server was away when the training ended")
        with runs.run(found.info.run_id) as run_id:
            deliver(dataset_config, Path(), training_run.state_of(found))
        return run_id
    classes = len(dataset_config.classes)
    model = saving.load(paths.MODEL, architectures.build(dataset_config.image_shape, classes, params))
    say(f"run {trained} is not in this MLflow store; a new one is made, tagged restored_from")
    half, _ = queries.find_tagged("restored_from", trained) or (None, None)
    with runs.run(half, run_name=training_run.name(params, "restored"), tags={"restored_from": trained}) as run_id:
        restore_training(dataset_config, saving.summary(model))
        deliver(dataset_config, Path())
        if paths.TEST_METRICS.is_file():  # if not, it is about to be made
            record(dataset_config.name, dvc_files.locked_params("evaluate"), Path())
    return run_id


def restore_training(dataset_config: Dataset, summary: str) -> None:
    """Logs what is known of the training, and the table of layers, into the active run. May be called again."""
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
