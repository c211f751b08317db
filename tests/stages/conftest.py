"""A folder with the small data set, in which the process stands, for stages that are called and not started."""

import gzip
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pipeline.core import paths


@pytest.fixture
def workplace(source, tmp_path, monkeypatch) -> Path:
    """params.yaml and the raw files, uncompressed, in a temporary folder."""
    folder, params = source
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    YAML().dump(params, paths.PARAMS)
    paths.RAW.mkdir(parents=True)
    for path in folder.iterdir():
        (paths.RAW / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    return tmp_path
