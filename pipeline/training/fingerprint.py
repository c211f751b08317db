"""A name for one training: the same where parameters, data, code and libraries are, so that the model is too."""

import hashlib
import json
import platform
from importlib.metadata import version

from pipeline.config.schema import Train
from pipeline.core.code_hash import code_sha256
from pipeline.training import precision

WEIGHTS = ("data/arrays.py", "models", "training")  # the code that decides about the weights


def fingerprint(params: Train, data: dict[str, str]) -> str:
    """A name for one training: 32 hexadecimal digits of parameters, data (name → sha256), code and libraries.

    All the code: to begin afresh without need costs less than to go on with other code.
    """
    what = {
        "params": precision.resolved(params).model_dump(),
        "data": data,
        "code": code_sha256(),
        "libraries": {name: version(name) for name in ("tensorflow", "keras", "numpy")},
        "python": platform.python_version(),
    }
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:32]
