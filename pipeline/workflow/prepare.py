"""Has DVC bring the prepared data up to date, for programs that are not stages themselves."""

from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.core.process import run_dvc
from pipeline.provenance.repair import repair

STAGES = ["params", "download", "preprocess"]


def bring_up_to_date() -> None:
    """Runs `dvc repro` for download and preprocess, where they are not up to date with params.yaml.

    Mends what an earlier call has left where DVC was killed with it. Raises UserError where DVC fails; it has said why
    by then.
    """
    if not run_dvc("status", "--quiet", *STAGES):
        return
    making = ("repro", "--single-item", *STAGES)
    if run_dvc(*making):
        repaired = repair()  # not before: another DVC may be about to write
        for line in repaired:
            say(line)
        if not repaired or run_dvc(*making):
            raise UserError("the data could not be prepared; DVC says why above")
