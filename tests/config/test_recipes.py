import pytest
from helpers.data import SHIPPED

from pipeline.config import datasets, recipes
from pipeline.config.load import load, parse
from pipeline.config.schema import leaves
from pipeline.core.errors import UserError


@pytest.mark.parametrize("name", recipes.names())
def test_a_recipe_says_all_of_a_training_but_seed_and_threads(name):
    values = recipes.read(name)
    (train,) = load("train", overrides={"train": values}, path=SHIPPED)
    assert set(values) == set(leaves.values(train)) - {"seed", "devices", "threads"}
    assert recipes.matching(train.model_copy(update={"seed": 7, "epochs": 3})) == name


def test_the_first_recipe_is_what_is_shipped():
    train = parse(SHIPPED.read_bytes(), "").train
    assert recipes.names() == sorted(recipes.names()) and datasets.names() == sorted(datasets.names())
    assert recipes.matching(train) == "article" and recipes.read("article")["epochs"] == train.epochs
    assert recipes.matching(train.model_copy(update={"batch_size": 127})) is None


DAMAGED = [
    *(
        "",
        "- 1",
        "train: 3",
        "train: {model: {filter: 1}}",
        "[",
        "train: {model: cnn}",
        "train: !!python/name:os.abort",
    ),
    *("train: {1: 2}", "train: {epochs: 1, epochs: 2}", "train: &a {model: *a}", f"train: {{epochs: {'9' * 5000}}}"),
]


@pytest.mark.parametrize("text", DAMAGED, ids=lambda text: text[:40])
def test_a_damaged_recipe_is_one_line(tmp_path, monkeypatch, text):
    (tmp_path / "mine.yaml").write_text(text)
    monkeypatch.setattr(recipes, "FOLDER", tmp_path)
    with pytest.raises(UserError, match=r"mine.yaml: should be a section train, as in params.yaml") as error:
        recipes.read("mine")
    assert "\n" not in str(error.value)
    monkeypatch.setattr(datasets, "FOLDER", tmp_path)
    with pytest.raises(UserError, match=r"mine.yaml: should be sections of params.yaml, with dataset among them"):
        datasets.read("mine")


def test_a_value_of_another_kind_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "mine.yaml").write_text("train: {epochs: [1], schedule: [2], seed: 3}")
    monkeypatch.setattr(recipes, "FOLDER", tmp_path)
    assert recipes.read("mine") == {"epochs": [1], "schedule": [2]}, "the seed belongs to whoever trains"
    with pytest.raises(UserError, match="there is no recipe mime; did you mean mine"):
        recipes.read("mime")
    with pytest.raises(UserError, match=r"train\.schedule: input should be 'constant'"):
        load("train", overrides={"train": recipes.read("mine")}, path=SHIPPED)
