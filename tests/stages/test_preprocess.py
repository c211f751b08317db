import json

import numpy as np
import pytest
from helpers.data import idx_bytes, make_split

from pipeline.config.schema import Dataset
from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data import arrays
from pipeline.stages import preprocess

pytestmark = pytest.mark.whole

FOLDERS = (paths.TRAIN, paths.VALIDATION, paths.TEST)


def raw_labels(part: str) -> np.ndarray:
    """The labels in a raw file, without the header."""
    return np.fromfile(paths.RAW / f"{part}-labels", np.uint8, offset=8)


def test_good_data_becomes_three_folders_of_arrays_and_a_report(workplace, params, capsys):
    preprocess.preprocess(params.dataset, params.preprocess)
    splits = {folder: arrays.load(folder) for folder in FOLDERS}
    assert [len(split.images) for split in splits.values()] == [120, 40, 40]
    assert np.array_equal(splits[paths.TEST].labels, raw_labels("test")), "the test data, as they are"
    for folder, count in ((paths.TRAIN, 30), (paths.VALIDATION, 10)):
        assert np.bincount(splits[folder].labels).tolist() == [count] * 4
    report, page = paths.DATA_CHECKS
    result = json.loads(report.read_text())
    assert result["passed"] and result["split"] == {"validation": 40, "seed": params.preprocess.seed}
    assert "All 32 checks passed." in page.read_text() and "quadrants" in page.read_text()
    assert "of these for validation" in page.read_text()
    assert "data/prepared/validation/: 40 images" in capsys.readouterr().out
    assert not (workplace / "mlflow.db").exists(), "a run is for what failed"


def test_another_seed_sets_other_images_aside(workplace, params):
    preprocess.preprocess(params.dataset, params.preprocess)
    first = np.array(arrays.load(paths.VALIDATION).images)
    preprocess.preprocess(params.dataset, params.preprocess.model_copy(update={"seed": params.preprocess.seed + 1}))
    assert not np.array_equal(arrays.load(paths.VALIDATION).images, first)


def test_data_that_fails_its_checks_changes_the_report_alone_and_leaves_a_failed_run(workplace, params, store):
    preprocess.preprocess(params.dataset, params.preprocess)
    before = {path: path.read_bytes() for path in paths.PREPARED.rglob("*.npy")}
    labels = raw_labels("test")
    labels[5] = 11
    (paths.RAW / "test-labels").write_bytes(idx_bytes(labels))
    with pytest.raises(UserError) as error:
        preprocess.preprocess(params.dataset, params.preprocess)
    assert "data/raw/ failed its checks" in str(error.value) and "reports/data_checks.html" in str(error.value)
    assert "  label range: allowed is 0–3; 1 of 200 fail: test-labels[5] is 11" in str(error.value).splitlines()
    assert {path: path.read_bytes() for path in paths.PREPARED.rglob("*.npy")} == before
    assert not json.loads(paths.DATA_CHECKS[0].read_text())["passed"]
    assert "Nothing was written." in paths.DATA_CHECKS[1].read_text()
    (run,) = store.search_runs(["0"])
    assert run.info.status == "FAILED" and run.data.params["dataset.name"] == "quadrants"
    logged = {item.path for item in store.list_artifacts(run.info.run_id, "data")}
    assert logged == {"data/data_checks.json", "data/data_checks.html"}


def test_a_share_of_the_training_images_is_the_test_data_where_nothing_else_is(workplace, params):
    values = params.dataset.model_dump()
    values["train"]["count"] = None
    dataset = Dataset.model_validate(values | {"test": {"format": "share", "of": 0.25, "seed": 1}})
    preprocess.preprocess(dataset, params.preprocess)
    splits = {folder: arrays.load(folder) for folder in FOLDERS}
    assert [len(split.images) for split in splits.values()] == [80, 40, 40]
    assert len({image.tobytes() for split in splits.values() for image in split.images}) == 160
    test_images = np.array(splits[paths.TEST].images)
    preprocess.preprocess(dataset, params.preprocess.model_copy(update={"validation": 20, "seed": 9}))
    assert np.array_equal(arrays.load(paths.TEST).images, test_images), "it is cut before anything else"


def test_validation_images_of_their_own_are_written_as_they_are(workplace, params):
    values = params.dataset.model_dump()
    for kind in ("images", "labels"):
        made = getattr(make_split(12, 3), kind)
        (paths.RAW / f"validation-{kind}").write_bytes(idx_bytes(made.squeeze(-1) if kind == "images" else made))
        values |= {"validation": values["test"] | {"images": "validation-images", "labels": "validation-labels"}}
    values["validation"]["count"] = 12
    dataset, settings = Dataset.model_validate(values), params.preprocess.model_copy(update={"validation": None})
    preprocess.preprocess(dataset, settings)
    splits = {folder: arrays.load(folder) for folder in FOLDERS}
    assert [len(split.images) for split in splits.values()] == [160, 12, 40]
    assert np.array_equal(splits[paths.VALIDATION].images, make_split(12, 3).images)
    result = json.loads(paths.DATA_CHECKS[0].read_text())
    assert result["passed"] and "split" not in result
    assert [row["count"] for row in result["classes"] if row["part"] == "validation"] == [3] * 4
    page = paths.DATA_CHECKS[1].read_text()
    assert "set aside" not in page and ">For validation<" in page


def test_what_only_warns_is_said_and_written(workplace, params, capsys):
    for part in ("train", "test"):
        file = paths.RAW / f"{part}-images"
        content = np.frombuffer(file.read_bytes(), np.uint8)
        file.write_bytes(content[:16].tobytes() + (content[16:] // 2).tobytes())
    preprocess.preprocess(params.dataset, params.preprocess)
    warnings = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning: ")]
    assert [line.partition(":")[2].split(":")[0].strip() for line in warnings] == [
        "pixel range of train",
        "pixel range of test",
    ]
    assert "2.5 times less" in warnings[0] and paths.TRAIN.is_dir()
    result, page = (path.read_text() for path in paths.DATA_CHECKS)
    assert json.loads(result)["passed"] and "30 of 32 checks passed, 2 warn." in page
    preprocess.preprocess(params.dataset, params.preprocess)
    assert [path.read_text() for path in paths.DATA_CHECKS] == [result, page], "the same bytes each time"


def test_exchanged_labels_are_an_error(workplace, params, store):
    (paths.RAW / "test-labels").write_bytes(idx_bytes((raw_labels("test") + 1) % 4))
    with pytest.raises(UserError, match=r"classes exchanged: .* all labels are shifted"):
        preprocess.preprocess(params.dataset, params.preprocess)
    assert not paths.PREPARED.exists() and "Classes side by side" in paths.DATA_CHECKS[1].read_text()


def test_a_missing_file_is_named_before_anything_is_written(workplace, params):
    (paths.RAW / "train-images").unlink()
    with pytest.raises(UserError, match=r"data/raw/train-images is missing; `dvc repro download` fetches it"):
        preprocess.preprocess(params.dataset, params.preprocess)
    assert not paths.PREPARED.exists() and not paths.REPORTS.exists()
