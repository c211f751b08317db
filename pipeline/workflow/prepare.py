"""Has DVC bring the prepared data up to date, for programs that are not stages themselves."""

from pipeline.core.errors import UserError
from pipeline.core.process import run_dvc

STAGES = ["params", "download", "preprocess"]


def bring_up_to_date() -> None:
    """Runs `dvc repro` for download and preprocess, where they are not up to date with params.yaml.

    Raises UserError where that fails; DVC has said why by then.
    """
    if run_dvc("status", "--quiet", *STAGES) and run_dvc("repro", "--single-item", *STAGES):
        raise UserError("the data could not be prepared; DVC says why above")
