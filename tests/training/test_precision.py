import json
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from pipeline.config import recipes
from pipeline.config.schema import leaves
from pipeline.models import architectures, saving
from pipeline.training import precision
from pipeline.training.fingerprint import fingerprint

pytestmark = pytest.mark.usefixtures("root")


@pytest.fixture
def auto(params, monkeypatch):
    monkeypatch.setattr(architectures, "use_threads", lambda number: None)  # tensorflow has begun with others here
    return leaves.replace(params.train, {"precision": "auto"})


@pytest.mark.parametrize(("share", "chosen"), [(0.5, "mixed_bfloat16"), (0.9, "float32"), (2.0, "float32")])
def test_the_faster_one_is_chosen_once_and_said(auto, root, monkeypatch, capsys, share, chosen):
    times = {"float32": 1.0, "bfloat16": share}
    monkeypatch.setattr(precision, "_seconds", times.pop)
    assert precision.resolved(auto).precision == chosen
    assert f"precision: {chosen}; a convolution with 16 bits takes {share:.2f} of the time" in capsys.readouterr().out
    assert precision.resolved(auto).precision == chosen and not times, "not measured again"
    assert fingerprint(auto, {}) == fingerprint(auto.model_copy(update={"precision": chosen}), {})


@pytest.mark.parametrize("text", ["", "[", "[]", "{}", '{"precision": "float64"}', '{"precision": []}'])
def test_what_is_kept_in_another_form_is_measured_again(auto, root, monkeypatch, capsys, text):
    monkeypatch.setattr(precision, "_seconds", {"float32": 1.0, "bfloat16": 0.5}.get)
    (root / ".state").mkdir()
    (root / ".state" / "precision.json").write_text(text)
    assert precision.resolved(auto).precision == "mixed_bfloat16"
    assert "is not as it was written; the precision is measured again" in capsys.readouterr().out


def test_of_several_at_once_one_measures(auto, monkeypatch):
    measured = []
    monkeypatch.setattr(precision, "_seconds", lambda name: measured.append(name) or {"float32": 1.0}.get(name, 0.5))
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: precision.resolved(auto).precision, range(8))) == {"mixed_bfloat16"}
    assert sorted(measured) == ["bfloat16", "float32"]


def test_both_can_be_measured(auto, root):
    assert precision.resolved(auto).precision in ("float32", "mixed_bfloat16")
    assert json.loads((root / ".state" / "precision.json").read_text())["share"] > 0


def test_what_is_named_is_taken(params, root):
    assert precision.resolved(params.train) is params.train
    assert not (root / ".state").exists()


@pytest.mark.parametrize("recipe", ["article", "fast", "accurate"])
def test_a_model_trained_with_16_bits_is_kept_and_answers_with_32(params, tmp_path, recipe):
    train = leaves.replace(params.train, recipes.read(recipe) | {"precision": "float32"})
    half = architectures.build((8, 8, 1), 4, leaves.replace(train, {"precision": "mixed_bfloat16"}))
    full = architectures.build((8, 8, 1), 4, train)
    assert "bfloat16" in {layer.compute_dtype for layer in half.layers}
    assert {weights.dtype for weights in half.weights} - {"uint32"} == {"float32"}
    saving.save(half, tmp_path / "model.keras")
    kept = saving.load(tmp_path / "model.keras", full)
    assert {layer.compute_dtype for layer in kept.layers} == {"float32"}
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1), dtype=np.uint8)
    answers = [keras.ops.convert_to_numpy(model(images)) for model in (kept, half)]
    assert answers[0] == pytest.approx(answers[1], abs=0.1) and not np.array_equal(*answers)
