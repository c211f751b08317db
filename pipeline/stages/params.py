"""Checks params.yaml, and that the MLflow server answers, before any stage may touch its outputs.

Writes params.schema.json, by which editors complete and check params.yaml.
"""

import json
import os

from pipeline.config.load import load
from pipeline.config.schema import Params
from pipeline.core import files, paths


def main() -> None:
    load()
    if os.environ.get("MLFLOW_TRACKING_URI"):  # not the store in this folder
        from pipeline.tracking import store

        store.open_store()
    files.write_text(paths.SCHEMA, json.dumps(Params.model_json_schema(), indent=2) + "\n")
    files.write_text(paths.PARAMS_CHECKED, f"{paths.PARAMS} was checked\n")  # the same each time: starts no stage anew
