"""The command, in this process, on runs in a real store that nobody had to train."""

import numpy as np
import pytest
from helpers.browser import look_at
from helpers.data import SHIPPED, make_split

from pipeline.commands import compare
from pipeline.config import recipes
from pipeline.config.load import parse
from pipeline.config.schema import leaves
from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.data import arrays
from pipeline.evaluation import predictions
from pipeline.tracking import runs
from pipeline.tracking.logging import log_epoch, log_metrics, log_start, log_text
from pipeline.workflow import compare as workflow

pytestmark = pytest.mark.whole

SPLIT = make_split(40, 1)
PARAMS = parse(SHIPPED.read_text(), "").train


@pytest.fixture
def here(store, tmp_path, monkeypatch):
    """A folder with test images and a store, in which the process stands."""
    monkeypatch.chdir(tmp_path)
    paths.PARAMS.write_text(SHIPPED.read_text())
    arrays.save(paths.TEST, SPLIT)


def log_training(accuracy: float, **params) -> None:
    log_start({"train": leaves.replace(PARAMS, params).model_dump(), "dataset": {"name": "quadrants"}}, {})
    for epoch in (1, 2):
        log_epoch({"epoch": epoch, "loss": 1 / epoch, "validation_loss": 1 / epoch, "validation_accuracy": accuracy})
    log_metrics({"best": {"accuracy": accuracy}})


def trained(wrong: int, name: str, content: str | None = None, artifact=paths.PREDICTIONS, **params) -> str:
    """A finished run whose model errs on the first `wrong` images; its id."""
    given = SPLIT.labels.copy()
    given[:wrong] = (given[:wrong] + 1) % 4
    right = float(np.mean(given == SPLIT.labels))
    with runs.run(run_name=name) as run_id:
        log_training(right, **params)
        log_metrics({"test": {"accuracy": right}})
        log_start({}, {"model.sha256": "ab" * 32, "data.test.sha256": files.folder_sha256(paths.TEST)})
        text = predictions.text(list("ABCD"), SPLIT.labels, np.eye(4)[given] * 0.5 + 0.125)
        log_text(text if content is None else content, artifact.as_posix())
    return run_id


def run_compare(*arguments: str) -> None:
    compare.main.main(list(arguments), standalone_mode=False)


def test_runs_are_compared_by_what_they_logged_on_a_page_that_needs_no_network(here, capsys, screenshots):
    ids = [trained(12, "worse"), trained(1, "better", filters=64), trained(2, "again", filters=64, seed=2)]
    run_compare(*(run_id[:10] for run_id in ids))
    shown = capsys.readouterr().out
    assert "worse" in shown and "better" in shown and "and 1 more seed " in shown and "filters 64" in shown
    assert "the page: reports/compare.html" in shown and "note:" not in shown
    html = paths.COMPARISON.read_text(encoding="utf-8")
    assert html.count("data:image/png") == 10, "the images 2 to 11, which both seeds name rightly"
    assert "B is better than A, by more than chance" in look_at(paths.COMPARISON.absolute(), screenshots)

    run_compare("--last", "2", "--out", "elsewhere/page.html")
    assert "again" in capsys.readouterr().out
    assert "How much does the seed matter?" in (paths.REPORTS.parent / "elsewhere/page.html").read_text()


def test_the_best_trials_of_a_study_stand_beside_the_default(here, capsys):
    with runs.run(tags={"optuna.study": "first"}) as parent:
        pass
    for number in range(8):
        values = {"epochs": 6} | ({"dropout": number / 10} if number else {})
        with runs.run(parent=parent, run_name=f"first {number}", tags={"optuna.trial": str(number)}):
            log_training(0.8 + number / 100, **values)
    run_compare("--study", "first")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines[1:7]] == ["0", "7", "6", "5", "4", "3"], "the default, then the best"
    assert "None was tested" in paths.COMPARISON.read_text(encoding="utf-8")


def test_the_runs_of_recipes_are_compared_and_the_newest_of_each_seed_counts(here, capsys):
    for name in ("article", "mlp"):
        values = recipes.read(name)
        trained(9, f"{name} old", seed=1, **values)
        trained(3 if name == "mlp" else 5, f"{name} new", seed=1, **values)
        trained(4, f"{name} other seed", seed=2, **values)
    trained(1, "no recipe", batch_size=77)
    run_compare("--recipe", "mlp", "--recipe", "article")
    shown = capsys.readouterr().out
    assert "mlp new" in shown and "article new" in shown and shown.count("and 1 more seed ") == 2
    assert "old" not in shown and "no recipe" not in shown


def test_without_the_test_images_there_are_no_pictures_and_that_is_said(here, capsys):
    ids = [trained(12, "worse"), trained(1, "better", filters=64)]
    arrays.save(paths.TEST, make_split(40, 2))
    run_compare(*ids)
    assert "note: no pictures are shown: those in data/prepared/test" in capsys.readouterr().out
    assert "data:image" not in paths.COMPARISON.read_text(encoding="utf-8")


def test_the_table_of_an_older_version_is_enough(here, capsys):
    confusion = "actual,predicted\n" + "".join(f"{name},{name}\n" for name in np.array(list("ABCD"))[SPLIT.labels])
    ids = [trained(12, "new"), trained(0, "old", confusion, workflow.TABLES[1], filters=64)]
    run_compare(*ids)
    shown = capsys.readouterr().out
    assert "p < 0.001" in shown and "note:" not in shown


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("\x80\x04\x95", "there is no column"),
        ("actual,predicted,confidence\nA,A,7\n", "a confidence is not between 0 and 1"),
        ("actual,predicted\nA,B\n", "has another accuracy than the run, 0.0000"),
        (f"actual,predicted\n{'A,A' * 200}\n", "is no file of less than 500 bytes"),
    ],
)
def test_a_damaged_table_is_a_line_and_the_run_stays(here, capsys, monkeypatch, content, reason):
    ids = [trained(0, "broken", content), trained(4, "whole", "actual,predicted\n", filters=64)]
    monkeypatch.setattr(workflow, "LIMIT", 500)
    run_compare(*ids)
    shown = capsys.readouterr().out
    assert f"note: run {ids[0][:8]} (broken): tables/predictions.csv is damaged, it is left out: {reason}" in shown
    assert "1.0000" in shown and "answers to each picture are missing" in shown


def test_a_run_without_any_table_is_said(here, capsys):
    run_compare(trained(1, "bare", "", artifact=paths.HISTORY), trained(1, "whole", filters=64))
    assert "(bare) has no table of what it says of each test picture" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [[], ["abcd"], ["abcd", "--last", "2"], ["--study", "x", "--last", "2"], ["a"] * 27]
)
def test_one_run_or_two_ways_to_name_them_is_a_mistake(arguments):
    with pytest.raises(compare.click.UsageError, match=r"two RUNs or more|at most 26"):
        run_compare(*arguments)


def test_runs_that_cannot_be_compared_are_one_line(here, store):
    run_id = trained(1, "only")
    nothing = store.create_run("0").info.run_id
    for arguments, reason in [
        ([run_id, run_id[:8]], f"{run_id[:8]}: run {run_id} is named twice"),
        ([run_id, "0" * 32], "is not in the MLflow store"),
        ([run_id, nothing], f"run {nothing} trained nothing, so there is nothing to compare"),
        (["--last", "2"], "--last: two finished runs that trained a model are needed; there are 1"),
        (["--recipe", "rnn"], "no finished run was trained by recipe rnn; `mlflow run . -P recipe=rnn` trains one"),
        (["--recipe", "article"], "recipe article has one run alone"),
        (["--study", "first"], "study first is not in the MLflow store; there are: none yet"),
    ]:
        with pytest.raises(UserError, match=reason):
            run_compare(*arguments)
    assert not paths.COMPARISON.exists()
