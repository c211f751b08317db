"""How a model is kept in MLflow: the .keras file, which mlflow.keras opens, and served_model.py for all other clients.

`mlflow.models.Model.log` takes this module for a flavor, as it takes mlflow.keras. What clients have to know is the
`config` of the flavor python_function in the file MLmodel, where MLflow keeps such things:

    classes           the names of the classes, in the order of the outputs
    background, fill  what the training images look like (data/appearance.py); missing where they were not there
"""

import shutil
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from mlflow.types.schema import Map

from pipeline.core.errors import UserError
from pipeline.data import appearance

FILE = "data/model.keras"
LOADER = Path(__file__).with_name("served_model.py")


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
    return {"classes": classes} | ({} if images is None else appearance.common(images)._asdict())


def read_config(folder: Path) -> dict[str, Any]:
    """What the logged model in a folder says of itself; {} where an older version logged it.

    Raises UserError for an MLmodel that is torn or none.
    """
    path = folder / "MLmodel"
    try:
        flavors = Model.load(str(path)).flavors if path.exists() else {"python_function": {}}
        return dict(flavors["python_function"].get("config") or {})
    except Exception as error:  # YAML, and MLflow's own reading of it, raise nearly anything for what was tampered with
        raise UserError(f"its {path.name} cannot be read ({type(error).__name__})") from None


class _File:
    """Stands for a model in mlflow.keras, which asks it to save itself: copies the file that DVC tracks."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(self, target: str) -> None:
        shutil.copyfile(self.path, target)
