"""Checks params.yaml before any stage may touch its outputs, and writes params.schema.json."""

import json

from pipeline.config.load import load
from pipeline.config.schema import Params
from pipeline.core import files, paths


def main() -> None:
    load()
    files.write_text(paths.SCHEMA, json.dumps(Params.model_json_schema(), indent=2) + "\n")
    files.write_text(paths.PARAMS_CHECKED, f"{paths.PARAMS} was checked\n")  # the same each time: starts no stage anew
