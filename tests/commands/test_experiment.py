import pytest
from helpers.data import SHIPPED

from pipeline.commands.experiment import main, overrides
from pipeline.core import paths
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


@pytest.mark.parametrize("text", [SHIPPED.read_text(), "train: [", None])
def test_help_lists_every_parameter_and_what_params_yaml_says_where_it_can_be_read(tmp_path, monkeypatch, capsys, text):
    monkeypatch.chdir(tmp_path)
    if text is not None:
        paths.PARAMS.write_text(text)
    main.main(["--help"], standalone_mode=False)
    shown = capsys.readouterr().out
    assert "mlflow run . --env-manager local -P epochs=3" in shown
    found = {line.split()[0]: line.split()[1] for line in shown.splitlines() if line.startswith("  --")}
    names = ("model", "filters", "dropout", "batch_size", "learning_rate", "seed")
    values = ["cnn", "32", "0.25", "128", "0.002", "1"] if text == SHIPPED.read_text() else None
    assert [found[f"--{name}"] for name in names] == (values or ["Which", "Filters", "Share", "Images", "Of", "Of"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--epoch", "10"), "unknown name epoch; did you mean epochs? allowed here: model, filters"),
        (("--help", "1"), "unknown name help; allowed here: model"),
        (("--epochs", "ten"), "train.epochs: input should be a valid integer"),
        (("--batch_size", "500000"), "train.batch_size: should be at most the 55000 training images, not 500000"),
    ],
)
def test_a_mistake_is_noted_in_the_run_that_mlflow_run_has_opened(store, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    paths.PARAMS.write_text(SHIPPED.read_text())
    run = store.create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", run)
    with pytest.raises(UserError) as refused:
        main.main(list(arguments), standalone_mode=False)
    assert message in str(refused.value)
    assert message in store.get_run(run).data.tags["error"]
