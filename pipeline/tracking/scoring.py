"""MLflow's own scoring server, for a model that is loaded already."""

from typing import TYPE_CHECKING, Any

from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.protos.databricks_pb2 import BAD_REQUEST
from mlflow.pyfunc import PyFuncModel, scoring_server

if TYPE_CHECKING:
    from pipeline.tracking.served_model import ServedModel


def app(model: "ServedModel") -> Any:
    """The ASGI app of MLflow's scoring server.

    It knows no signature: by that MLflow would make pixels of 3.7 and of "3", and ServedModel refuses both.
    """
    return scoring_server.init(PyFuncModel(Model(), _Refusing(model)))


class _Refusing:
    """A model whose ValueErrors are what MLflow answers with the status 400."""

    def __init__(self, model: "ServedModel") -> None:
        self.model = model

    def predict(self, images: Any) -> Any:
        try:
            return self.model.predict(images)
        except ValueError as error:
            raise MlflowException(str(error), BAD_REQUEST) from None
