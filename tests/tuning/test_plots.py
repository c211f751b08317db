import optuna
import pytest
from PIL import Image

from pipeline.tuning import plots
from pipeline.tuning.study import silence_optuna

pytestmark = pytest.mark.whole


def finished(count: int, objectives: int = 1, gain: float = 0.1) -> optuna.Study:
    silence_optuna()
    study = optuna.create_study(
        study_name="a </script> b",
        directions=["maximize", "minimize"][:objectives],
        sampler=optuna.samplers.RandomSampler(1),
    )
    for number in range(count):
        trial = study.ask()
        trial.suggest_int("filters", 2, 6)
        trial.suggest_float("dropout", 0, 0.5)
        trial.set_user_attr("cpu_seconds", 1.5 + number)
        study.tell(trial, [0.5 + number * gain / 5, 3.0 + number][:objectives])
    return study


NAMES = {"history", "importances", "slice", "parallel_coordinates", "timeline", "front"}


@pytest.mark.parametrize("objectives", [1, 2])
def test_all_figures_are_drawn_as_pictures_and_as_html(tmp_path, objectives):
    drawn = plots.draw(finished(10, objectives), "cpu_seconds", tmp_path)
    assert {plot.name for plot, _ in drawn} == NAMES
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.png" for name in NAMES}
    for plot, html in drawn:
        with Image.open(tmp_path / f"{plot.name}.png") as picture:
            assert picture.width > 300 and len(picture.convert("L").resize((200, 200)).getcolors()) > 5, plot.name
        assert html.count('class="plotly-graph-div"') == 1


@pytest.mark.parametrize(
    ("count", "gain", "names"),
    [(1, 0.1, {"timeline"}), (3, 0.0, NAMES - {"importances"}), (10, 0.0, NAMES)],
)
def test_a_figure_of_too_few_trials_is_not_drawn_and_equal_ones_are_no_error(tmp_path, count, gain, names):
    drawn = plots.draw(finished(count, gain=gain), "cpu_seconds", tmp_path)
    assert {plot.name for plot, html in drawn if html} == names
    assert {path.stem for path in tmp_path.iterdir()} == names


def test_the_front_holds_what_nothing_else_beats():
    study = finished(0)
    study.tell(study.ask(), state=optuna.trial.TrialState.PRUNED)
    for accuracy, cost in [(0.9, 10), (0.8, 5), (0.85, 12), (0.7, 5)]:
        trial = study.ask()
        trial.set_user_attr("cpu_seconds", cost)
        study.tell(trial, accuracy)
    best = plots.front(study, "cpu_seconds").best_trials
    assert {trial.number: trial.values for trial in best} == {1: [0.9, 10], 2: [0.8, 5]}, "numbers as in the study"
