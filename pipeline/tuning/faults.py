"""Whose fault it is that a trial did not come to its end: the machine's, or that of its parameters."""

import optuna
import sqlalchemy
import tensorflow as tf

from pipeline.core.addresses import mask_passwords
from pipeline.core.errors import UserError

MACHINE = (  # no room, no memory, no store: the same parameters may do well another time
    OSError,
    MemoryError,
    tf.errors.ResourceExhaustedError,
    sqlalchemy.exc.SQLAlchemyError,
    optuna.exceptions.StorageInternalError,
    UserError,  # of MLflow's store; those of training are `TrainingFailed` by then
)


class TrainingFailed(Exception):
    """A training that cannot succeed with these parameters. It counts against them."""


class MachineFault(BaseException):
    """Ends the worker and leaves its trial as a kill would: whoever finds that queues it again.

    No Exception, because Optuna ends the trials of those as FAIL, for good.
    """


def reason(error: BaseException) -> str:
    """What went wrong, and where, in one line."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror
    error = getattr(error.__cause__ or error, "orig", None) or error  # what a database said
    return mask_passwords((str(error) or type(error).__name__).splitlines()[0])
