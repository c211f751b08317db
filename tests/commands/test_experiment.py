import pytest

from pipeline.commands.experiment import overrides, usage
from pipeline.core.errors import UserError


def test_values_stay_text_and_only_what_was_given_is_there():
    assert overrides([]) == {}
    assert overrides(["--epochs", "3", "--dropout=0.5"]) == {"epochs": "3", "dropout": "0.5"}


@pytest.mark.parametrize("arguments", [["--epoch", "10"], ["--help", "1"], ["--seed", "-1e3"], ["--model", "--x"]])
def test_every_name_and_value_is_kept_for_the_parameters_to_judge(arguments):
    assert overrides(arguments) == {arguments[0][2:]: arguments[1]}


@pytest.mark.parametrize("arguments", [["epochs", "3"], ["--epochs"], ["-e", "3"]])
def test_anything_else_says_how_parameters_are_given(arguments):
    with pytest.raises(UserError, match="parameters are given as --name value"):
        overrides(arguments)


def test_help_lists_every_parameter():
    assert "mlflow run . --env-manager local -P epochs=3" in usage()
    assert all(f"--{name} " in usage() for name in ("filters", "dropout", "batch_size", "learning_rate", "seed"))
