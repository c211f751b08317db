"""The section dataset: what the pictures are, and in which files."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.config.schema.section import ClassName, DataSetName, FileName, Section, Sha256


class IdxFiles(Section):
    """One half of a data set: an IDX file of images and one of labels."""

    format: Literal["idx"]
    count: int = Field(ge=1, lt=2**32, description="How many images, and labels, the files hold.")
    images: FileName = Field(description="Name of the IDX file; sources may add .gz.")
    images_sha256: Sha256 = Field(description="sha256 of the uncompressed content.")
    labels: FileName
    labels_sha256: Sha256

    @property
    def sha256(self) -> dict[str, str]:
        """File name → sha256 of its uncompressed content."""
        return {self.images: self.images_sha256, self.labels: self.labels_sha256}


SplitFiles = Annotated[IdxFiles, Field(discriminator="format")]  # another format: IdxFiles | OtherFiles


class Dataset(Section):
    """What the pictures are. Nothing else in the project knows."""

    name: DataSetName = Field(max_length=100, description="A letter or digit, then spaces and . _ - too.")
    classes: list[ClassName] = Field(min_length=2, max_length=256, description="Names of the labels 0, 1, 2 …")
    height: int = Field(ge=2, lt=2**16, description="Pixels.")
    width: int = Field(ge=2, lt=2**16, description="Pixels.")
    channels: int = Field(ge=1, le=4, description="1 for grey, 3 for colour, 4 with transparency.")
    train: SplitFiles
    test: SplitFiles

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels
