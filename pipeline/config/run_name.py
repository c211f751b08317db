"""What a run is called: by its model, its epochs, and what it has other parameters than usual."""

from collections.abc import Mapping
from typing import Any

from pipeline.config.schema import Train, leaves

LONGEST = 200  # characters; MLflow's table of runs takes 250


def run_name(params: Train, usual: Train | None, experiment: str | None = None) -> str:
    """`cnn 10 epochs` for a training with the usual parameters, else `cnn 3 epochs filters=64 seed=2`.

    `usual` are the parameters of the commit, None where there are none. The name of an experiment of DVC comes first.
    """
    values, before = leaves.values(params), leaves.values(usual) if usual else {}
    other = {name: value for name, value in values.items() if usual and value != before.get(name)}
    for said in ("model", "epochs"):
        other.pop(said, None)
    name = f"{params.model.name} {params.epochs} {'epoch' if params.epochs == 1 else 'epochs'} {describe(other)}"
    return shorten(f"{experiment}: {name}" if experiment else name)


def describe(values: Mapping[str, Any]) -> str:
    """Parameters as the end of a name: filters=64 dropout=0.25."""
    return " ".join(f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in values.items())


def shorten(name: str) -> str:
    """The name in one line, and not too long."""
    name = " ".join(name.split())
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
