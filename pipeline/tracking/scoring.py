"""MLflow's own scoring server, for a model that is loaded already."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.protos.databricks_pb2 import BAD_REQUEST
from mlflow.pyfunc import PyFuncModel, scoring_server

if TYPE_CHECKING:
    from pipeline.tracking.served_model import ServedModel


def config(folder: Path) -> dict[str, Any]:
    """What the logged model in a folder says of itself (see `flavor`); {} for one that an older version logged."""
    return Model.load(str(folder / "MLmodel")).flavors["python_function"].get("config") or {}


def app(folder: Path, model: "ServedModel") -> Any:
    """The ASGI app of MLflow's scoring server; `folder` has the MLmodel of `model`.

    The signature is left out: by it MLflow would make pixels of 3.7 and of "3", and ServedModel refuses both.
    """
    description = Model.load(str(folder / "MLmodel"))
    description.signature = None
    return scoring_server.init(PyFuncModel(description, _Refusing(model)))


class _Refusing:
    """A model whose ValueErrors are what MLflow answers with the status 400."""

    def __init__(self, model: "ServedModel") -> None:
        self.model = model

    def predict(self, images: Any) -> Any:
        try:
            return self.model.predict(images)
        except ValueError as error:
            raise MlflowException(str(error), BAD_REQUEST) from None
