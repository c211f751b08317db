from pipeline.core import code_hash
from pipeline.training import fingerprint


def test_the_fingerprint_tells_trainings_apart(params, monkeypatch):
    settings = params.train
    data = {"train": "a", "validation": "b"}
    name = fingerprint.fingerprint(settings, data)
    assert fingerprint.fingerprint(settings, dict(reversed(data.items()))) == name
    assert fingerprint.fingerprint(settings.model_copy(update={"seed": 7}), data) != name
    assert fingerprint.fingerprint(settings, data | {"train": "c"}) != name
    code = code_hash.code_sha256()
    assert {"workflow/train.py", "training/checkpoint.py", "__main__.py"} <= code.keys(), "all of it"
    monkeypatch.setattr(fingerprint, "code_sha256", lambda: code | {"workflow/train.py": "edited"})
    assert fingerprint.fingerprint(settings, data) != name
