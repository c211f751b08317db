"""What a training took, in words: measured, so it stands in MLflow alone and in no file that DVC compares."""

from pipeline.core.cli import counted
from pipeline.tracking import curves, queries
from pipeline.tracking.logging import CPU_SECONDS, EPOCH_SECONDS


def sentence(run_id: str) -> str | None:
    """What the training of a run took, by what the run has recorded; None where it has not (it was restored).

    Where the run has taken over a killed training, its own epochs count.
    """
    seconds = curves.points(run_id, EPOCH_SECONDS)
    run = queries.get_run(run_id)
    if run is None or not seconds:
        return None
    data = run.data
    of_all = data.params.get("train.epochs", str(len(seconds)))
    epochs = counted(of_all, "epoch") if of_all == str(len(seconds)) else f"{len(seconds)} of its {of_all} epochs"
    work = f" ({data.metrics[CPU_SECONDS]:.0f} s of processor time)" if CPU_SECONDS in data.metrics else ""
    threads = counted(data.params.get("train.threads", "?"), "thread")
    where = f"{threads} on {data.tags.get('processor', 'an unknown processor')}"
    return f"{epochs} took {sum(seconds.values()):.0f} s{work} with {where}."
