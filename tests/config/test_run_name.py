import string

import hypothesis
from hypothesis import strategies as st

from pipeline.config.run_name import LONGEST, describe, run_name, shorten
from pipeline.config.schema import leaves


def changed(params, **values):
    return leaves.replace(params.train, values)


def test_a_run_is_called_by_model_epochs_and_what_is_not_as_usual(params):
    usual = changed(params, epochs=10, filters=32)
    assert run_name(usual, usual) == "cnn 10 epochs"
    assert run_name(changed(params, epochs=1, filters=32), usual) == "cnn 1 epoch", "the epochs are said once"
    other = changed(params, epochs=3, filters=64, seed=2, learning_rate=0.00123456)
    assert run_name(other, usual) == "cnn 3 epochs filters=64 learning_rate=0.00123 seed=2"
    values = {"model": "mlp", "hidden_layers": 2, "epochs": 2}
    assert run_name(changed(params, **values), usual) == "mlp 2 epochs hidden_layers=2", "the model too"
    assert run_name(other, None) == "cnn 3 epochs", "nothing is unusual where nothing is usual"
    assert run_name(usual, usual, "dusty-lobe") == "dusty-lobe: cnn 10 epochs"


@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(st.data())
def test_every_parameter_that_differs_is_named_and_no_other(params, data):
    """Whatever the parameters are called: of the section train, and of the model."""
    numbers = [name for name, value in leaves.values(params.train).items() if type(value) is int and name != "epochs"]
    values = data.draw(st.dictionaries(st.sampled_from(numbers), st.integers(1, 1000)))
    usual = leaves.values(params.train)
    name = run_name(changed(params, **values), params.train)
    pairs = dict(part.split("=") for part in name.split() if "=" in part)
    assert pairs == {key: str(value) for key, value in values.items() if value != usual[key]}
    assert name.startswith(f"cnn {params.train.epochs} epoch")


@hypothesis.given(st.dictionaries(st.text(string.ascii_letters), st.text() | st.floats() | st.integers()))
def test_a_name_is_one_short_line_whatever_a_study_holds(values):
    assert [len(shorten("a" * (LONGEST + more))) for more in (0, 1)] == [LONGEST, LONGEST]
    name = shorten(f"trial 7 {describe(values)}")
    assert len(name) <= LONGEST and name.splitlines() == [name] and name.startswith("trial 7")
