from test_contracts import closure

from pipeline import fingerprint
from pipeline.fingerprint import WEIGHTS


def test_the_fingerprint_tells_trainings_apart(params, monkeypatch):
    settings = params.train
    data = {"train": "a", "validation": "b"}
    name = fingerprint.fingerprint(settings, data)
    assert fingerprint.fingerprint(settings, dict(reversed(data.items()))) == name
    assert fingerprint.fingerprint(settings.model_copy(update={"seed": 7}), data) != name
    assert fingerprint.fingerprint(settings, data | {"train": "c"}) != name
    code = fingerprint.code_sha256()
    assert {"train.py", "state.py", *WEIGHTS} <= code.keys(), "all of it"
    monkeypatch.setattr(fingerprint, "code_sha256", lambda: code | {"train.py": "edited"})
    assert fingerprint.fingerprint(settings, data) != name


def test_the_code_that_a_study_is_about_is_all_that_decides_about_the_weights():
    needed = closure("fitting") | closure("models")
    assert {f"{name}.py" for name in needed - {"console", "files", "sections"}} == set(WEIGHTS)
