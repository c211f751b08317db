"""What has moved in params.yaml since earlier versions, told to whoever brings an old file along."""

import json
from typing import Any

from pipeline.config.schema import Train, leaves


def explain(values: dict[str, Any]) -> str | None:
    """One line that says what moved where, for the values of an old params.yaml; None for any other."""
    moves = []
    train, dataset = values.get("train"), values.get("dataset")
    if isinstance(train, dict) and isinstance(train.get("model"), str):
        own = [name for name, leaf in leaves.leaves(Train).items() if leaf.path[0] == "model" and name != "model"]
        model = {"name": train["model"]} | {name: train[name] for name in own if name in train}
        moves.append(f"train.model holds the model's parameters now: model: {_yaml(model)}")
    if isinstance(dataset, dict):
        halves = [dataset.get("train"), dataset.get("test")]
        if all(isinstance(half, dict) and "images" in half and "format" not in half for half in halves):
            moves.append("dataset.train and dataset.test say their format now: format: idx")
    return "; ".join(moves) or None


def _yaml(values: dict[str, Any]) -> str:
    """A mapping in one line."""
    inner = ", ".join(f"{name}: " + json.dumps(value, default=str).strip('"') for name, value in values.items())
    return f"{{{inner}}}"
