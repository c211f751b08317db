"""Has DVC bring the prepared data up to date, for programs that are not stages themselves."""

from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.core.process import run_dvc
from pipeline.provenance import dvc_files

STAGES = ["params", "download", "preprocess"]


def bring_up_to_date() -> None:
    """Runs `dvc repro` for download and preprocess, where they are not up to date with params.yaml.

    Raises UserError where that fails; DVC has said why by then.
    """
    if run_dvc("status", "--quiet", *STAGES) == 0:
        return
    before = dvc_files.locked().get("preprocess")
    if run_dvc("repro", "--single-item", *STAGES):
        raise UserError("the data could not be prepared; DVC says why above")
    if before is not None and dvc_files.locked()["preprocess"] != before:
        say("note: the prepared data was out of date with params.yaml; it and dvc.lock were brought up to date")
