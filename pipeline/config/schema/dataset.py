"""The section dataset: what the pictures are, and in which files."""

import unicodedata
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from pipeline.config.schema.formats import Half, IdxFiles, PictureFolder, Share
from pipeline.config.schema.section import ClassName, DataSetName, Section

Tagged = Field(discriminator="format")


class Dataset(Section):
    """What the pictures are. Nothing else in the project knows."""

    name: DataSetName = Field(max_length=100, description="A letter or digit, then spaces and . _ - too.")
    classes: list[ClassName] = Field(min_length=2, max_length=256, description="Names of the labels 0, 1, 2 …")
    height: int = Field(ge=2, lt=2**16, description="Pixels.")
    width: int = Field(ge=2, lt=2**16, description="Pixels.")
    channels: int = Field(ge=1, le=4, description="1 for grey, 3 for colour, 4 with transparency.")
    train: Annotated[Half, Tagged]
    validation: Annotated[Half | None, Tagged] = None  # then preprocess.validation is empty
    test: Annotated[Half | Share, Tagged]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels

    @property
    def halves(self) -> dict[str, Half]:
        """Part → the files it is read from: train, validation where it has files of its own, test unless it is cut."""
        described = {"train": self.train, "validation": self.validation, "test": self.test}
        return {part: half for part, half in described.items() if half and not isinstance(half, Share)}

    @property
    def sha256(self) -> dict[str, str]:
        """Name of each file in data/raw → its sha256; the name of a folder ends in /."""
        return {name: digest for half in self.halves.values() for name, digest in half.hashes.items()}

    @property
    def counts(self) -> dict[str, int | None]:
        """Part → number of images, after test images are cut from train; None where nothing says it before."""
        found = {part: half.count for part, half in self.halves.items()}
        if isinstance(self.test, Share):
            found |= {"test": None}
            if whole := self.train.count:
                found |= {"test": round(whole * self.test.of), "train": whole - round(whole * self.test.of)}
        return found

    def blamed(self, part: str, subject: str) -> str:
        """The file, array or folder that has the `subject` (images or labels) of a part."""
        return self.halves.get(part, self.train).blamed(subject)

    def mistakes(self) -> Iterator[str]:
        """A line for each way in which the keys of this section do not go together, beginning with the key."""
        if self.channels == 2:
            yield "dataset.channels: should be 1, 3 or 4, not 2"
        if len({unicodedata.normalize("NFC", name) for name in self.classes}) < len(self.classes):
            yield "dataset.classes: the names should differ from each other"
        if mistake := self._mistake_of_files():
            yield mistake
        if any(isinstance(half, PictureFolder) for half in self.halves.values()):
            for name in self.classes:
                if "/" in name or name.startswith("."):
                    yield f"dataset.classes: {name!r} can be no folder of pictures, by a / in it or a . before it"

    def _mistake_of_files(self) -> str | None:
        """Why the files cannot be what is said of them; one mistake would be several lines else."""
        idx = [half for half in self.halves.values() if isinstance(half, IdxFiles)]
        if len({name for half in idx for name in half.hashes}) < 2 * len(idx):
            number = ("two", "four", "six")[len(idx) - 1]
            return f"dataset: the {number} files should have {number} names"
        for half in self.halves.values():
            for name, digest in half.hashes.items():
                if digest != self.sha256[name]:
                    return f"dataset: {name} has two values of sha256; a file or a folder has one"
                if above := [other for other in self.sha256 if name.startswith(other) and name != other]:
                    return f"dataset: {name} lies in {above[0]}; folders of two parts should lie beside each other"
        if len({half.model_dump_json(exclude={"count"}) for half in self.halves.values()}) < len(self.halves):
            return "dataset: two parts are read from the same files"
        return None
