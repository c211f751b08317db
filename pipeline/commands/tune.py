"""Searches the parameters listed under `tune.space` in params.yaml for the highest validation accuracy.

    python -m pipeline tune --trials 20 --workers 2
    python -m pipeline tune --ray auto --workers 8        # on a Ray cluster: docs/ray.md
    mlflow run . --env-manager local -e tune -P trials=20

What you do not name comes from the section `tune` of params.yaml. A study keeps its settings; for a small try beside it
give another name: --study quick --trials 2 --epochs 1.
Runs and figures are in the MLflow UI; `python -m pipeline adopt --study NAME` makes the winner the new baseline.
Interrupt it as you like: the same command goes on to the same total. Several may work on one study at once.
"""

import contextlib
import os
from collections.abc import Callable

import click

from pipeline.config.load import load
from pipeline.config.schema import Tune
from pipeline.core import addresses, cli
from pipeline.core.cli import counted, say
from pipeline.core.errors import UserError
from pipeline.workflow import prepare


def options(function: Callable) -> Callable:
    """Adds the options that replace values of the section tune."""
    for name in ("epochs", "workers", "timeout", "trials", "study"):
        function = click.option(f"--{name}", metavar="VALUE", help=Tune.model_fields[name].description)(function)
    return function


@cli.command(__doc__)
@options
@click.option(
    "--storage", "address", help="A journal file, or postgresql://… for several machines; see OPTUNA_STORAGE."
)
@click.option("--ray", "ray_address", metavar="ADDRESS", help="auto, or HOST:PORT: workers on a Ray cluster.")
def main(address: str | None, ray_address: str | None, **given: str | None) -> None:
    values = {name: value for name, value in given.items() if value is not None}
    sections = load("dataset", "train", "tune", "tracking", overrides={"tune": values})
    dataset_config, train, tune, tracking = sections
    from pipeline.core import code_hash, files
    from pipeline.core.paths import TRAINING_DATA
    from pipeline.provenance import lineage
    from pipeline.tracking import store
    from pipeline.training import fingerprint
    from pipeline.tuning import cluster, launch, launch_on_ray, mlflow_runs, storage, trials
    from pipeline.tuning.launch import conclude
    from pipeline.tuning.study import Plan, agree_limits, enqueue_defaults, open_study, silence_optuna, study_config

    silence_optuna()
    if address and (run_id := os.environ.get("MLFLOW_RUN_ID")):
        refuse_password(address, run_id)
    address = address or storage.default_address()
    say(f"storage {addresses.mask_passwords(address)}")
    if ray_address and not storage.is_database(address):
        raise UserError("--ray: all nodes have to reach the study; give --storage postgresql://…, or OPTUNA_STORAGE")
    opened = storage.open_storage(address)
    prepare.bring_up_to_date()
    store.open_store()
    data = {name: files.folder_sha256(folder) for name, folder in TRAINING_DATA.items()}
    config = study_config(train, tune, data, code_hash.code_sha256(*fingerprint.WEIGHTS))
    tune = tune.model_copy(update={"workers": min(tune.workers, tune.trials)})
    threads = tune.ray.cpus if ray_address else max(1, train.threads // tune.workers)
    each = train.model_copy(update={"epochs": tune.epochs, "threads": threads})

    with contextlib.ExitStack() as stack:
        stack.enter_context(storage.errors(address))
        if ray_address:
            stack.enter_context(cluster.joined(ray_address, address, store.address(), tune))
        with storage.study_lock(address, tune.study):
            study = open_study(opened, tune, config)
            enqueue_defaults(study, train, tune.space)
            storage.requeue_stale_trials(study, address)
            agree_limits(study, tune)
            if not trials.has_work_left(study, tune) and mlflow_runs.is_reported(mlflow_runs.find_run(study)):
                mlflow_runs.note_reused_study(study)
                conclude(study, tune)
                return
            parent = stack.enter_context(mlflow_runs.study_run(study, tune, lineage.tags(TRAINING_DATA)))
            mlflow_runs.sync_trial_runs(study, parent)
        data |= {"dataset": dataset_config.name}
        plan = Plan(address, parent, dataset_config, each, tune, data, tracking)
        sizes = (counted(tune.trials, "trial"), counted(tune.epochs, "epoch"), counted(tune.workers, "worker"))
        say("study {}: up to {} of {}, {}".format(tune.study, *sizes))
        (launch_on_ray if ray_address else launch).run_workers(study, plan)
        if trials.has_work_left(study, tune):
            raise UserError(f"study {tune.study} was stopped before its end; the same command goes on")
    conclude(study, tune)


def refuse_password(address: str, run_id: str) -> None:
    """Raises UserError for an address with a password: `mlflow run` keeps its -P values, in the run that it opened."""
    if addresses.has_password(address):
        store = os.environ.get("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
        raise UserError(
            "storage: `mlflow run` prints and keeps every -P value, this password too. Give the address in "
            f"OPTUNA_STORAGE, and remove it: mlflow runs delete --run-id {run_id} && "
            f"mlflow gc --tracking-uri {store} --run-ids {run_id}"
        )
