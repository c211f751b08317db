from typing import Annotated, Literal

import pytest
from pydantic import Field, ValidationError

from pipeline.config.schema import Section, Train, leaves
from pipeline.config.schema.models import Cnn


class Vgg(Section):
    name: Literal["vgg"]
    dropout: float = Field(ge=0, lt=1, description="Share dropped.")
    blocks: int = Field(ge=1, description="Blocks of convolutions.")


class Two(Section):
    model: Annotated[Cnn | Vgg, Field(discriminator="name")] = Field(description="Which one.")
    epochs: int = Field(ge=1)


CNN = {"name": "cnn", "filters": 4, "dense_units": 8, "dropout": 0.5}


@pytest.fixture
def two() -> Two:
    return Two.model_validate({"model": CNN, "epochs": 2})


def test_leaf_names_are_unique_over_train_and_every_model():
    own = Train.model_fields.keys()
    annotations = {}
    for kind in leaves.kinds(Train.model_fields["model"]).values():
        assert not own & kind.model_fields.keys(), kind
        for name, field in kind.model_fields.items():
            if name != "name":  # models may share a name, for the same kind of value
                assert annotations.setdefault(name, field.annotation) == field.annotation, (kind, name)


def test_a_leaf_knows_path_type_and_meaning_over_all_kinds():
    found = leaves.leaves(Two)
    assert list(found) == ["model", "filters", "dense_units", "dropout", "blocks", "epochs"]
    assert found["model"] == (("model", "name"), str, "Which one.")
    assert found["blocks"] == (("model", "blocks"), int, "Blocks of convolutions.")
    assert found["epochs"].path == ("epochs",)


def test_values_are_those_of_the_kind_that_is_there(two):
    assert leaves.values(two) == {"model": "cnn", "filters": 4, "dense_units": 8, "dropout": 0.5, "epochs": 2}


def test_replaced_values_are_checked(two):
    other = leaves.replace(two, {"filters": 6, "epochs": 3})
    assert (other.model.filters, other.epochs, two.model.filters) == (6, 3, 4)
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        leaves.replace(two, {"filters": 0})


def test_another_model_keeps_what_both_have_and_wants_the_rest(two):
    other = leaves.replace(two, {"model": "vgg", "blocks": 3})
    assert other.model == Vgg(name="vgg", dropout=0.5, blocks=3)
    with pytest.raises(ValidationError, match=r"model\.vgg\.blocks\s+Field required"):
        leaves.replace(two, {"model": "vgg"})


def test_nested_keys_are_joined():
    assert dict(leaves.flatten({"a": {"b": 1, "c": {"d": [2]}}, "e": None})) == {"a.b": 1, "a.c.d": [2], "e": None}
