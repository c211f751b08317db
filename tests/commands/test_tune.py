"""Sweeps with the real programs, on small data."""

from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.browser import look_at
from helpers.project import ROOT, Project
from helpers.sweeps import check, children, opened, parents, tune
from optuna.trial import TrialState
from ruamel.yaml import YAML

from pipeline.commands.tune import main
from pipeline.core import files
from pipeline.core.code_hash import code_sha256
from pipeline.core.errors import UserError
from pipeline.core.paths import TRAINING_DATA
from pipeline.training.fingerprint import WEIGHTS
from pipeline.tuning import trials

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def swept(tmp_path_factory, prepared) -> Project:
    """A project after a sweep of 8 trials by 2 workers. Leave it as it is."""
    project = prepared.copy(tmp_path_factory.mktemp("swept") / "a b é")
    project.change("tune", epochs=6, pruner="halving")
    project.first_output = project.ok(*tune("--trials", "8", "--workers", "2"))
    return project


def test_two_workers_share_the_trials_and_leave_one_complete_study(swept):
    study = check(swept, 8)
    assert "8 complete" not in swept.first_output and swept.first_output.count("  →  ") == 8
    assert "python -m pipeline adopt --study first" in swept.first_output
    assert len(study.trials) == 8 and len({trial.user_attrs["worker"] for trial in study.trials}) == 2
    assert study.trials[0].params == {"filters": 4, "dropout": 0.25, "batch_size": 16}, "the present parameters first"
    config = study.user_attrs["subject"]
    code = {f"pipeline/{name}": sha256 for name, sha256 in code_sha256(*WEIGHTS).items()}
    data = {f"data.{name}": files.folder_sha256(swept.folder / folder) for name, folder in TRAINING_DATA.items()}
    assert code and data and (code | data).items() <= config.items(), "the study remembers its data and its code"


def test_pruning_saves_epochs(swept):
    study = opened(swept)
    states = Counter(trial.state for trial in study.trials)
    epochs = [len(trial.intermediate_values) for trial in study.trials]
    assert states[TrialState.PRUNED] >= 1 and sum(epochs) < 8 * 6
    (parent,) = parents(swept)
    for number, run in children(swept, parent).items():
        points = swept.client().get_metric_history(run.info.run_id, "epoch/validation_accuracy")
        assert [point.step for point in points] == list(range(1, epochs[number] + 1))
        assert [point.value for point in points] == list(study.trials[number].intermediate_values.values())


def test_the_study_run_has_space_figures_tables_and_the_best_model(swept):
    (parent,) = parents(swept)
    assert parent.data.params["space.filters"] == "2 to 6 in steps of 2"
    assert parent.data.tags["git.commit"] and parent.data.tags["data.train.sha256"]
    assert parent.data.metrics["best/validation_accuracy"] == opened(swept).best_value
    names = ("front", "history", "parallel_coordinates", "slice", "timeline")  # importances need ten trials
    complete = opened(swept).get_trials(states=(TrialState.COMPLETE,))  # how many are pruned is a matter of time
    pictures = {f"figures/{name}.png" for name in names if len(complete) > 1 or name == "timeline"}
    others = {"figures/study.html", "tables/trials.csv", "tables/front.csv", "manifest.json"}
    others |= {"environment/uncommitted.diff"}  # the small params.yaml is not committed there
    assert swept.artifacts(parent) == pictures | others


def test_the_page_of_figures_needs_no_network(swept, tmp_path, screenshots):
    (parent,) = parents(swept)
    page = swept.client().download_artifacts(parent.info.run_id, "figures/study.html", str(tmp_path))
    shown = look_at(Path(page), screenshots)
    assert "says something from 10 complete trials on" in shown and "Datetime" in shown, "an axis that a script draws"


def test_the_same_command_again_has_nothing_to_do_and_a_larger_total_goes_on(swept, tmp_path, inside):
    project = swept.copy(tmp_path / "copy")
    shown = inside(project, "tune", "--trials", "8", "--workers", "2")
    assert "  →  " not in shown and "python -m pipeline adopt" in shown
    before = parents(project)
    assert len(before) == 1
    shown = project.ok(*tune("--trials", "9"))
    assert shown.count("  →  ") == 1
    assert len(opened(project).trials) == 9
    check(project, 9)


def test_a_study_about_something_else_is_refused_and_stays_as_it_is(swept, tmp_path, inside):
    project = swept.copy(tmp_path / "copy").change("tune", epochs=3).change("train", learning_rate=0.02)
    before = project.runs()
    shown = inside(project, "tune", "--trials", "9", fails=True)
    assert "train.learning_rate was 0.01, now 0.02; tune.epochs was 6, now 3. Put that back, or begin a new" in shown
    assert len(project.runs()) == len(before) and parents(project)[0].info.status == "FINISHED"


def test_a_journal_that_names_somebodys_folder_costs_him_nothing(swept, tmp_path, inside):
    project = swept.copy(tmp_path / "copy")
    (precious := tmp_path / "precious").mkdir()
    (precious / "file").touch()
    journal = project.folder / "sweeps" / "optuna.journal"
    training = opened(project).trials[0].user_attrs["training"]
    journal.write_text(journal.read_text().replace(training, str(precious)))
    shown = inside(project, "tune", "--trials", "10", fails=True)
    assert f"error: trial 0: training: '{str(precious)[:80]}' is no training " in shown, shown
    assert list(precious.iterdir()) and len(opened(project).trials) == 8


def test_the_help_says_where_the_defaults_are():
    shown = CliRunner().invoke(main, ["--help"]).output
    assert "What you do not name comes from the section `tune` of params.yaml." in shown


def test_a_password_in_an_address_is_neither_printed_nor_left_with_mlflow(monkeypatch, capsys):
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    monkeypatch.chdir(ROOT)  # whose params.yaml is read
    address = "postgresql://127.0.0.1:1/x?user=u&password=s3cret"
    with pytest.raises(UserError, match=r"storage postgresql://127\.0\.0\.1:1/x\?user=u&password=\*\*\*: ") as caught:
        main.main(["--storage", address], standalone_mode=False)
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    with pytest.raises(UserError, match="OPTUNA_STORAGE, and remove it: mlflow runs delete --run-id 0000") as refused:
        main.main(["--storage", address], standalone_mode=False)
    assert "s3cret" not in "".join([*capsys.readouterr(), str(caught.value), str(refused.value)])


def test_a_sweep_on_a_cluster_needs_a_study_that_all_nodes_reach(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    journal = tmp_path / "optuna.journal"
    with pytest.raises(UserError, match=r"--ray: all nodes have to reach the study; give --storage postgresql://…"):
        main.main(["--ray", "auto", "--storage", str(journal)], standalone_mode=False)
    assert not journal.exists()


def test_adopting_the_winner_trains_the_same_model(swept, tmp_path, inside):
    project = swept.copy(tmp_path / "copy")
    text = (project.folder / "params.yaml").read_text()
    best = trials.best_trial(opened(project))
    shown = inside(project, "adopt", "--study", "first", "--all")
    assert f"+  batch_size: {best.params['batch_size']}" in shown or best.params["batch_size"] == 16
    assert (project.folder / "params.yaml").read_text() != text
    project.ok("dvc", "repro", "train")
    figures = YAML(typ="safe").load(project.folder / "reports" / "train.json")
    assert figures["best/validation_accuracy"] == pytest.approx(best.value, abs=1e-6)
    (parent,) = parents(project)
    assert files.sha256(project.folder / "models" / "model.keras") == parent.data.tags["model.sha256"]
    assert "has these parameters already" in inside(project, "adopt", best.user_attrs["mlflow_run_id"])


def test_several_objectives_give_a_front_in_the_run_that_mlflow_run_opened_for_the_study(prepared, tmp_path, inside):
    project = prepared.copy(tmp_path / "copy")
    project.change("tune", objectives=["validation_accuracy", "parameters"], pruner="none")
    command = ("mlflow", "run", ".", "--env-manager", "local", "--run-name", "study first", "-e", "tune")
    assert project.ok(*command, "-P", "trials=4").count("  →  ") == 4
    study = check(project, 4)
    (parent,) = parents(project)
    assert len(project.runs()) == 5 and parent.data.params["trials"] == "4"
    path = project.client().download_artifacts(parent.info.run_id, "tables/front.csv", str(tmp_path))
    rows = Path(path).read_text().splitlines()
    assert rows[0].startswith("trial,accuracy,parameters,") and len(rows) - 1 == len(study.best_trials)
    number = min(study.best_trials, key=lambda trial: trial.values[1]).number
    assert f"trial {number} of study" in inside(project, "adopt", "--study", "first", "--trial", str(number))
