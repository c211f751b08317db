import optuna
import pytest
from optuna.distributions import IntDistribution
from optuna.trial import TrialState

from pipeline.evaluation import intervals
from pipeline.tuning import study_page
from pipeline.tuning.study import silence_optuna

pytestmark = pytest.mark.whole


def study_of(*accuracies: float, objectives: int = 1, name: str = "first") -> optuna.Study:
    """A study of trials with filters 10, 11, … and these accuracies."""
    silence_optuna()
    study = optuna.create_study(study_name=name, directions=["maximize", "minimize"][:objectives])
    for number, accuracy in enumerate(accuracies):
        study.add_trial(
            optuna.create_trial(
                values=[accuracy, 100.0][:objectives],
                params={"filters": 10 + number},
                distributions={"filters": IntDistribution(1, 99)},
                user_attrs={"cpu_seconds": 12.0, "epochs": 3},
            )
        )
    return study


def written(study, tmp_path, filters=10, images=1000) -> str:
    study_page.write(study, "cpu_seconds", {"filters": filters}, images, tmp_path)
    return " ".join((tmp_path / "study.html").read_text().replace("&nbsp;", " ").rpartition("<body>")[2].split())


def test_the_page_opens_with_the_winner_and_what_it_gains(tmp_path):
    html = written(study_of(0.8, 0.9, 0.85), tmp_path)
    first, _, rest = html.partition("<h2>Take it over</h2>")
    low, high = intervals.difference(intervals.counted(900, 1000), intervals.counted(800, 1000))
    for text in (
        ">90.0 %<",
        "the winner, trial 1",
        "As the best of 3 results on the same pictures it had luck too",
        'filters</p><p class="figure">11</p> <p>params.yaml has 10',
        "+10.0 percentage points",
        f"95 % interval {low * 100:+.1f} to {high * 100:+.1f}",
        "Chance alone rarely makes such a difference",
    ):
        assert text in first
    assert "<pre>python -m pipeline adopt --study first dvc repro</pre>" in rest


@pytest.mark.parametrize(
    ("accuracies", "filters", "said"),
    [
        ((0.80, 0.81), 10, "The interval holds 0: the winner may be no better at all"),
        ((0.81, 0.80), 10, "Nothing: no trial was better than the parameters of params.yaml"),
        ((0.80, 0.81), 50, "the parameters of params.yaml are not among the complete trials"),
    ],
)
def test_a_gain_that_is_none_is_said(tmp_path, accuracies, filters, said):
    html = written(study_of(*accuracies), tmp_path, filters)
    assert said in html
    assert ("adopt" in html) == ("Nothing" not in said)


def test_every_trial_is_in_the_table_the_best_first(tmp_path):
    study = study_of(0.8, 0.9, 0.85)
    for state in (TrialState.PRUNED, TrialState.FAIL):
        trial = study.ask()
        trial.suggest_int("filters", 1, 99)
        trial.report(0.99, 2)
        study.tell(trial, state=state)
    html = written(study, tmp_path)
    table = html.partition("Every trial")[2].partition("</table>")[0]
    rows = [row.partition("</td>")[0].rpartition(">")[2] for row in table.split("<tr")[2:]]
    assert rows == ["1", "2", "0", "3", "4"]
    assert "0.9000" in table and "pruned at 2" in table and "failed" in table and "0.99" not in table
    assert "5 trials of up to 3 epochs: 3 complete, 1 pruned, 1 failed." in html


def test_a_figure_that_is_not_drawn_says_how_many_trials_it_needs(tmp_path):
    html = written(study_of(0.8, 0.9, objectives=2), tmp_path)
    assert "Not drawn: it says something from 10 complete trials on, and there are 2." in html
    assert html.count("Not drawn") == 1 and html.count('class="plotly-graph-div"') == 5


def test_a_name_from_a_store_is_no_code(tmp_path):
    html = written(study_of(0.8, 0.9, name="a </script> b; rm x"), tmp_path)
    assert "--study &#39;a &lt;/script&gt; b; rm x&#39;" in html
