"""Small files in the layout of published data sets, packed as their homes pack them: datasets/NAME.yaml reads them."""

import gzip
import hashlib
import io
import tarfile
import zipfile

import numpy as np
import pytest
from helpers.data import idx_bytes

from pipeline.config import datasets
from pipeline.config.schema import Dataset
from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data import raw
from pipeline.sources import fetch

EACH = 3  # images of a file
PUBLISHED = ["kmnist", "emnist-letters", "cifar-10"]


def made(half: dict, dataset: dict, seed: int) -> tuple[dict[str, bytes], np.ndarray, np.ndarray]:
    """File name → content of a half of a data set; the images and labels that are in it."""
    random, size = np.random.default_rng(seed), (dataset["height"], dataset["width"], dataset["channels"])
    count = EACH * len(half.get("files", [1]))
    images = random.integers(0, 256, (count, *size), dtype=np.uint8)
    labels = random.integers(0, len(dataset["classes"]), count, dtype=np.uint8)
    if half["format"] == "idx":
        grey = images[..., 0].swapaxes(1, 2) if half.get("transposed") else images[..., 0]
        stored = {half["images"]: grey, half["labels"]: labels + np.uint8(half.get("first_label", 0))}
        return {name: gzip.compress(idx_bytes(values)) for name, values in stored.items()}, images, labels
    planes = images.transpose(0, 3, 1, 2).reshape(count, -1)
    records = [bytes([label]) + image.tobytes() for label, image in zip(labels, planes, strict=True)]
    content = {each["name"]: b"".join(records[EACH * i : EACH * (i + 1)]) for i, each in enumerate(half["files"])}
    return content, images, labels


def described(half: dict, contents: dict[str, bytes]) -> dict:
    """The half with the hashes of these contents, and without its count."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    if "files" in half:
        return half | {"count": None, "files": [each | {"sha256": hashes[each["name"]]} for each in half["files"]]}
    return half | {"count": None} | {f"{kind}_sha256": hashes[half[kind]] for kind in ("images", "labels")}


def pack(path, contents: dict[str, bytes]):
    """Writes them in the form in which this source has them: a folder, .zip or .tar.gz, with a folder in it."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in contents.items():
                archive.writestr(f"gzip/{name}", content)
    elif path.name.endswith(".tar.gz"):
        with tarfile.open(path, "w:gz") as archive:
            for name, content in contents.items():
                member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    else:
        path.mkdir()
        for name, content in contents.items():
            (path / name).write_bytes(content)


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Makes a data set of this name with few images: its description, and part → (images, labels)."""
    monkeypatch.chdir(tmp_path)

    def make(name: str) -> tuple[Dataset, dict]:
        values = datasets.read(name)
        section, wanted, contents = dict(values["dataset"]), {}, {"readme.txt": b"of no use"}
        for seed, part in enumerate(("train", "test")):
            own, *wanted[part] = made(section[part], section, seed)
            section[part] = described(section[part], own)
            contents |= own
        packed = tmp_path / values["download.sources"][0].rstrip("/").rpartition("/")[2]
        pack(packed, contents)
        dataset = Dataset.model_validate(section)
        paths.RAW.parent.mkdir()
        fetch.fetch([str(packed)], dataset.sha256, paths.RAW, fetch.limits(dataset, 5))
        return dataset, wanted

    return make


@pytest.mark.parametrize("name", PUBLISHED)
def test_files_as_published_are_fetched_and_read(small, name):
    dataset, wanted = small(name)
    assert {path.name for path in paths.RAW.iterdir()} == set(dataset.sha256), "as they came, and no more"
    for part, split in raw.read(dataset).items():
        images, labels = wanted[part]
        assert np.array_equal(split.images, images) and np.array_equal(split.labels, labels)


def test_a_packed_file_that_is_cut_off_is_one_line(small):
    dataset, _ = small("kmnist")
    file = paths.RAW / dataset.train.images
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(UserError, match=r"^data/raw/train-images-idx3-ubyte\.gz: is damaged: .*$"):
        raw.read(dataset)


def test_records_of_another_size_and_missing_ones_are_a_line_each(small):
    dataset, _ = small("cifar-10")
    with (paths.RAW / "data_batch_2.bin").open("ab") as file:
        file.write(b"!")
    (paths.RAW / "data_batch_4.bin").unlink()
    (paths.RAW / "test_batch.bin").write_bytes(b"")
    with pytest.raises(UserError) as error:
        raw.read(dataset)
    assert str(error.value).splitlines() == [
        "data/raw/data_batch_2.bin: has 9,220 bytes; a record has 3,073, by label_bytes, height, width and channels",
        "data/raw/data_batch_4.bin is missing; `dvc repro download` fetches it",
        "data/raw/test_batch.bin: has 0 bytes; a record has 3,073, by label_bytes, height, width and channels",
    ]


def test_of_several_label_bytes_the_last_one_counts(small):
    dataset, (images, labels) = (found := small("cifar-10"))[0], found[1]["test"]
    half = dataset.test.model_copy(update={"label_bytes": 2})
    records = [
        bytes([99, label]) + np.moveaxis(image, -1, 0).tobytes() for image, label in zip(images, labels, strict=True)
    ]
    (paths.RAW / "test_batch.bin").write_bytes(b"".join(records))
    found = raw.reader("records")(half, dataset)
    assert np.array_equal(found.images, images) and np.array_equal(found.labels, labels)
    assert half.blamed("images") == "test_batch.bin"
    assert dataset.blamed("train", "labels") == "data_batch_1.bin … data_batch_5.bin"
