"""How a model is kept in MLflow: the .keras file, which mlflow.keras opens, and served_model.py for all other clients.

`mlflow.models.Model.log` takes this module for a flavor, as it takes mlflow.keras. What clients have to know is the
`config` of the flavor python_function in the file MLmodel, where MLflow keeps such things:

    classes     the names of the classes, in the order of the outputs
    background  the brightness 0–255 that the borders of the pictures have in common, or null
"""

import shutil
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from mlflow.types.schema import Map

FILE = "data/model.keras"
LOADER = Path(__file__).with_name("served_model.py")
LOOKED_AT = 1000  # pictures
ALIKE = 64  # levels of brightness between the quarters of border pixels that have something in common


def save_model(path: str, mlflow_model: Model, keras_file: Path, example: np.ndarray, config: dict[str, Any], **_: Any):
    """Writes the folder of a logged model. `example`: pictures uint8 (n, height, width, channels)."""
    import keras
    import pandas as pd
    import tensorflow

    Path(path).mkdir()  # mlflow.keras writes the example there before it makes the folder
    packages = {"tensorflow": tensorflow, "keras": keras, "numpy": np, "pandas": pd}
    mlflow.keras.save_model(
        _File(keras_file),
        path,
        mlflow_model=mlflow_model,
        signature=signature(example.shape[1:]),
        input_example=example,
        pip_requirements=[f"{name}=={package.__version__}" for name, package in packages.items()],
    )
    (Path(path) / "code").mkdir()
    shutil.copyfile(LOADER, Path(path) / "code" / LOADER.name)
    environment = mlflow_model.flavors["python_function"]["env"]
    mlflow.pyfunc.add_to_model(
        mlflow_model,
        loader_module=LOADER.stem,
        data=FILE,
        code="code",
        conda_env=environment["conda"],
        python_env=environment["virtualenv"],
        model_config=config,
    )
    mlflow_model.save(Path(path) / "MLmodel")


def signature(image_shape: tuple[int, ...]) -> ModelSignature:
    """What the model takes, and the columns of what it answers (see served_model.py)."""
    pictures = TensorSpec(np.dtype("uint8"), (-1, *image_shape))  # with a name, keras warns about a dict of inputs
    answer: dict[str, DataType | Map] = {
        "class": DataType.string,
        "label": DataType.long,
        "probability": DataType.double,
        "probabilities": Map(DataType.double),
    }
    return ModelSignature(Schema([pictures]), Schema([ColSpec(kind, name) for name, kind in answer.items()]))


def config(classes: list[str], images: np.ndarray | None) -> dict[str, Any]:
    """What a model says of itself; `images` are those of the training data, or None where they are not here."""
    return {"classes": classes, "background": None if images is None else background(images)}


def background(images: np.ndarray) -> int | None:
    """The brightness that most border pixels of `images` (n, height, width, channels) have, 0–255.

    None where the borders have nothing in common, as in photographs. Transparency is no brightness.
    """
    colours = images[:LOOKED_AT, ..., : 3 if images.shape[-1] > 2 else 1]
    border = np.concatenate([colours[:, [0, -1]].ravel(), colours[:, :, [0, -1]].ravel()])
    low, middle, high = np.percentile(border, [25, 50, 75])
    return int(middle) if high - low <= ALIKE else None


class _File:
    """Stands for a model in mlflow.keras, which asks it to save itself: copies the file that DVC tracks."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(self, target: str) -> None:
        shutil.copyfile(self.path, target)
