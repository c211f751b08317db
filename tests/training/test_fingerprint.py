import platform

import pytest

from pipeline.core import code_hash
from pipeline.training import fingerprint

DATA = {"train": "a", "validation": "b"}


def test_the_fingerprint_tells_trainings_apart(params, monkeypatch):
    settings = params.train
    name = fingerprint.fingerprint(settings, DATA)
    assert fingerprint.fingerprint(settings, dict(reversed(DATA.items()))) == name
    assert fingerprint.fingerprint(settings.model_copy(update={"seed": 7}), DATA) != name
    assert fingerprint.fingerprint(settings, DATA | {"train": "c"}) != name
    code = code_hash.code_sha256()
    assert {"workflow/train.py", "training/checkpoint.py", "__main__.py"} <= code.keys(), "all of it"
    monkeypatch.setattr(fingerprint, "code_sha256", lambda: code | {"workflow/train.py": "edited"})
    assert fingerprint.fingerprint(settings, DATA) != name


@pytest.mark.parametrize("library", ["tensorflow", "keras", "numpy"])
def test_another_version_of_a_library_is_another_training(params, monkeypatch, library):
    name = fingerprint.fingerprint(params.train, DATA)
    real = fingerprint.version
    monkeypatch.setattr(fingerprint, "version", lambda asked: "0.1" if asked == library else real(asked))
    assert fingerprint.fingerprint(params.train, DATA) != name


def test_another_python_is_another_training(params, monkeypatch):
    name = fingerprint.fingerprint(params.train, DATA)
    monkeypatch.setattr(platform, "python_version", lambda: "3.0")
    assert fingerprint.fingerprint(params.train, DATA) != name
