"""What has changed in params.yaml since an older version: said at once, where each key alone would be a riddle."""

import json
from typing import Any

from pipeline.config.schema import Checks, Evaluate, Limit, Params, Train, Tune, leaves

OF_TRAIN = ("warmup", "weight_decay", "label_smoothing", "flip", "shift", "erase", "precision", "calibrate", "devices")
NEW = [
    ("gate",),
    ("tracking",),
    ("evaluate", "behaviour"),
    *(("train", name) for name in OF_TRAIN),
    ("tune", "ray"),
    *(("preprocess", "checks", name) for name, field in Checks.model_fields.items() if field.annotation is Limit),
]
KNOWN = {
    (): {*Params.model_fields},
    ("evaluate",): {*Evaluate.model_fields},
    ("train",): {*Train.model_fields, *leaves.leaves(Train)},
    ("preprocess", "checks"): {*Checks.model_fields},
    ("tune",): {*Tune.model_fields},
}
COMPLETE = "tests/shipped_params.yaml"  # params.yaml as it came


def moves(values: dict[str, Any]) -> list[str]:
    """What has moved since the version that wrote these values, and what is new; nothing for those of this version."""
    found = []
    train, dataset = values.get("train"), values.get("dataset")
    if isinstance(train, dict) and isinstance(train.get("model"), str):
        known = leaves.leaves(Train).items()
        own = {leaf.path[1]: train[name] for name, leaf in known if leaf.path[0] == "model" and name in train}
        model = ", ".join(f"{name}: " + json.dumps(value, default=str).strip('"') for name, value in own.items())
        found.append(f"train.model holds the model's parameters now: model: {{{model}}}")
    if isinstance(dataset, dict):
        halves = [dataset.get("train"), dataset.get("test")]
        if all(isinstance(half, dict) and "images" in half and "format" not in half for half in halves):
            found.append("dataset.train and dataset.test say their format now: format: idx")
    if new := [".".join(path) for path in NEW if _lacks(values, path)]:
        found.append(f"{', '.join(new)} {'is' if len(new) == 1 else 'are'} new, and missing here: see {COMPLETE}")
    return found


def _lacks(values: dict[str, Any], path: tuple[str, ...]) -> bool:
    """Whether a section is not there, nor anything else that its name may have been meant by."""
    *above, name = path
    inside: Any = values
    for section in above:
        inside = inside.get(section) if isinstance(inside, dict) else None
    return isinstance(inside, dict) and name not in inside and inside.keys() <= KNOWN[tuple(above)]
