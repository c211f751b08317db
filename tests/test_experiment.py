import pytest

from pipeline.experiment import overrides


def test_values_stay_text_and_only_what_was_given_is_there():
    assert overrides([]) == {}
    assert overrides(["--epochs", "3", "--dropout=0.5"]) == {"epochs": "3", "dropout": "0.5"}


@pytest.mark.parametrize("arguments", [["--epoch", "10"], ["--epoch=10"]])
def test_an_unknown_name_is_kept_for_the_parameters_to_refuse(arguments):
    assert "epoch" in overrides(arguments)


def test_help_lists_every_parameter(capsys):
    with pytest.raises(SystemExit) as stopped:
        overrides(["--help"])
    shown = capsys.readouterr().out
    assert stopped.value.code == 0 and "mlflow run . -P epochs=3" in shown
    assert all(f"--{name}" in shown for name in ("filters", "dropout", "batch_size", "learning_rate", "seed"))
