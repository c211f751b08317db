"""A name for one training: the same where parameters, data, code and libraries are, so that the model is too."""

import hashlib
import json
import platform
from importlib.metadata import version
from pathlib import Path

from pipeline import files
from pipeline.sections import Train

CODE = ["dataset.py", "fitting.py", "models.py", "pooling.py"]  # the modules that decide about the weights


def fingerprint(params: Train, data: dict[str, str]) -> str:
    """A name for one training: 32 hexadecimal digits of parameters, data (name → sha256), code and libraries."""
    what = {
        "params": params.model_dump(),
        "data": data,
        "code": code_sha256(),
        "libraries": {name: version(name) for name in ("tensorflow", "keras", "numpy")},
        "python": platform.python_version(),
    }
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:32]


def code_sha256() -> dict[str, str]:
    """File name → sha256 of each module that decides about the weights."""
    return {name: files.sha256(Path(__file__).with_name(name)) for name in CODE}
