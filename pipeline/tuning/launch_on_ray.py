"""Has a Ray cluster place the workers of a sweep, and shows how it comes on."""

import os
import sys
from typing import TYPE_CHECKING, Any

from pipeline.config.schema import Resources
from pipeline.core import files, interrupt
from pipeline.core.addresses import mask_passwords
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.tuning import cluster
from pipeline.tuning.head import Head

if TYPE_CHECKING:
    import optuna

    from pipeline.tuning.study import Plan


def run_workers(study: "optuna.Study", plan: "Plan") -> None:
    """Starts the workers on the cluster, and shows how the study comes on until they end.

    Raises KeyboardInterrupt after Ctrl-C, UserError where no worker came to a good end and where the cluster refuses.
    """
    import ray

    try:
        _run(study, plan)
    except ray.exceptions.RayError as error:
        raise UserError(f"the Ray cluster: {_first_line(error)}; the same command goes on") from None


def _run(study: "optuna.Study", plan: "Plan") -> None:
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    from pipeline.core import paths
    from pipeline.data import arrays
    from pipeline.tuning.home import Home
    from pipeline.tuning.ray_worker import work

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    home = ray.remote(Home).options(num_cpus=0, scheduling_strategy=here).remote(files.project_root())
    splits = {name: ray.put(whole(arrays.load(folder))) for name, folder in paths.TRAINING_DATA.items()}
    each, environment = plan.tune.ray, environment_of_workers(plan.tune.ray)
    placed = ray.remote(
        num_cpus=each.cpus,
        num_gpus=each.gpus,
        scheduling_strategy="SPREAD",
        max_calls=1,  # a process of its own: tensorflow takes its number of threads once
        max_retries=cluster.RESTARTS,
    )
    task: Any = placed(work)  # its types know no keyword that stands for a reference
    numbers = range(1, plan.tune.workers + 1)
    tasks = {task.remote(plan, number, home, environment, **splits): number for number in numbers}
    head = Head(ray.get_runtime_context().gcs_address)
    try:
        _watch(study, plan, tasks, home, head)
    except KeyboardInterrupt:
        say("\nstopping after the epochs under way; Ctrl-C again stops at once")
        with interrupt.more_time:
            if head.answers():
                _stop(tasks, home)
            while head.answers() and ray.wait(list(tasks), num_returns=len(tasks), timeout=1)[1]:
                pass
        raise


def whole(split: Any) -> Any:
    """A split as plain arrays, which Ray's object store hands out without a copy, instead of mapped files."""
    import numpy as np

    return type(split)(*map(np.asarray, split))


def environment_of_workers(each: Resources) -> dict[str, str]:
    """What a worker has to find in its environment: MLflow's store, and how tensorflow shares a GPU."""
    from pipeline.tracking import store

    found = {name: value for name, value in os.environ.items() if name.startswith("MLFLOW_")}
    found.pop("MLFLOW_RUN_ID", None)  # of the run that `mlflow run` opened: the study's, not a trial's
    found["MLFLOW_TRACKING_URI"] = store.address()
    if 0 < each.gpus < 1:
        found["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"  # else the first trial takes all of its memory
    return found


def _watch(study: "optuna.Study", plan: "Plan", tasks: dict[Any, int], home: Any, head: Head) -> None:
    """Shows progress until all workers have ended. Raises UserError where none did so well, and where the head is lost.

    Workers go on without a head for a while, and may come to their end.
    """
    import ray

    from pipeline.tuning.progress import Progress

    progress = Progress(study, plan.tune)
    waiting, nodes, is_over = list(tasks), cluster.nodes(), False
    while waiting:
        ended, waiting = ray.wait(waiting, num_returns=len(waiting), timeout=1)
        has_head = head.answers()  # just before it is asked: Ray's questions to one that is away hang
        for task in ended:
            reason = _outcome(task)
            if reason is None and not is_over:
                is_over = True  # the study has its total: who still waits for room in the cluster need not come
                if not has_head:
                    return  # the end of this program ends them
                _stop(tasks, home)
            elif reason is not None and not is_over:
                progress.note(f"worker {tasks[task]} stopped: {reason}")
        now = cluster.nodes() if has_head else nodes
        for node in cluster.lost(nodes, now):
            progress.note(f"node {node.host} is lost; its trials go elsewhere from their last finished epoch")
        nodes = now
        progress.update()
    progress.close()
    if not is_over:
        raise UserError("no worker is left; the same command goes on where they stopped")


def _outcome(task: Any) -> str | None:
    """Why a worker ended, None for a good end. What is no fault of the machine's is shown as Python does."""
    import ray

    try:
        return ray.get(task)
    except ray.exceptions.TaskCancelledError:
        return None
    except ray.exceptions.RayTaskError as error:
        print(mask_passwords(str(error)), file=sys.stderr)
        return "it ended with an error"
    except ray.exceptions.RayError as error:
        return _first_line(error)


def _first_line(error: Exception) -> str:
    return mask_passwords(str(error).strip().partition("\n")[0])


def _stop(tasks: dict[Any, int], home: Any) -> None:
    """Has the workers end after the epoch under way, and those that wait for room in the cluster at once."""
    import ray

    begun = ray.get(home.stop.remote())
    alive = {node.id for node in cluster.nodes()}
    for task, number in tasks.items():
        if begun.get(number) not in alive:
            ray.cancel(task, force=True)
