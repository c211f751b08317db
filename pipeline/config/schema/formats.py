"""The formats of raw files: what params.yaml says of each. The reader of a format is in pipeline/data/formats/.

Each says which files or folders in data/raw it needs, with which hash (`hashes`), and which of them is to blame for a
failed check (`blamed`). What may be left out is None.
"""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.config.schema.section import FileName, RelativePath, Section, Sha256

Count = Annotated[
    int | None, Field(ge=1, lt=2**32, description="How many images there are; empty: as many as are found.")
]
FirstLabel = Annotated[int | None, Field(ge=0, lt=2**16, description="The lowest label, where that is not 0.")]
FolderHash = Annotated[Sha256, Field(description="Of all files in the folder: docs/formats.md says how it is made.")]
Resize = Annotated[
    Literal["fit", "crop", "stretch"],
    Field(description="fit: the whole picture, with a margin; crop: its middle; stretch: its proportions change."),
]
FolderPath = Annotated[RelativePath, Field(description="A folder in data/raw.")]


class OneFile(Section):
    """What formats have in common that are one file in data/raw. Another one says which `format` it is, and no more."""

    format: str
    count: Count = None
    file: FileName = Field(description="Name of the file.")
    sha256: Sha256

    @property
    def hashes(self) -> dict[str, str]:
        """File name → sha256 of its uncompressed content; of a folder the name ends in /."""
        return {self.file: self.sha256}

    def blamed(self, subject: str) -> str:
        """The file that has the images, or the labels."""
        return self.file


class IdxFiles(Section):
    """An IDX file of images and one of labels, as MNIST and its relatives have."""

    format: Literal["idx"]
    count: Count = None
    images: FileName = Field(description="Name of the IDX file; sources may add .gz. With .gz here it stays packed.")
    images_sha256: Sha256 = Field(description="sha256 of the file called so: of what is in a .gz that a source adds.")
    labels: FileName
    labels_sha256: Sha256
    first_label: FirstLabel = None
    transposed: Annotated[bool | None, Field(description="Whether columns are stored as rows, as EMNIST does.")] = None

    @property
    def hashes(self) -> dict[str, str]:
        """File name → sha256 of its uncompressed content; of a folder the name ends in /."""
        return {self.images: self.images_sha256, self.labels: self.labels_sha256}

    def blamed(self, subject: str) -> str:
        """The file that has the images, or the labels."""
        return self.images if subject == "images" else self.labels


class NpzFile(OneFile):
    """A file of numpy arrays. Both halves may be in one file."""

    format: Literal["npz"]
    images: FileName = Field(description="Name of the array of images: (n, h, w), (n, h, w, channels) or (n, h·w).")
    labels: FileName = Field(description="Name of the array of labels: whole numbers, (n,).")
    brightest: Annotated[
        float | None, Field(gt=0, description="The value of white, 16 or 1.0; only uint8 can do without.")
    ] = None
    first_label: FirstLabel = None

    def blamed(self, subject: str) -> str:
        return f"{self.file}:{self.images if subject == 'images' else self.labels}"


class RecordFile(Section):
    """One of several files."""

    name: FileName
    sha256: Sha256


class RecordFiles(Section):
    """Files of records of one size: the label, then the pixels, a plane for each channel, as CIFAR has them."""

    format: Literal["records"]
    count: Count = None
    files: list[RecordFile] = Field(min_length=1, description="In the order of the images.")
    label_bytes: int = Field(ge=1, le=16, description="Bytes before the pixels of an image; the last is its label.")

    @property
    def hashes(self) -> dict[str, str]:
        return {each.name: each.sha256 for each in self.files}

    def blamed(self, subject: str) -> str:
        return " … ".join(dict.fromkeys([self.files[0].name, self.files[-1].name]))


class PictureFolder(Section):
    """A folder with a sub-folder of pictures for each class, called as the class is."""

    format: Literal["folder"]
    count: Count = None
    path: FolderPath
    sha256: FolderHash
    resize: Resize

    @property
    def hashes(self) -> dict[str, str]:
        return {f"{self.path}/": self.sha256}

    def blamed(self, subject: str) -> str:
        return f"{self.path}/"


class PictureTable(Section):
    """A folder of pictures with a CSV file that has the columns path, label and, where wanted, split."""

    format: Literal["csv"]
    count: Count = None
    path: FolderPath
    sha256: FolderHash
    file: RelativePath = Field(description="The CSV file in this folder; the paths in it begin where it lies.")
    split: Annotated[str | None, Field(min_length=1, description="Only rows with this in the column split.")] = None
    resize: Resize

    @property
    def hashes(self) -> dict[str, str]:
        return {f"{self.path}/": self.sha256}

    def blamed(self, subject: str) -> str:
        return f"{self.path}/{self.file}"


Half = IdxFiles | NpzFile | RecordFiles | PictureFolder | PictureTable


class Share(Section):
    """Test images that are cut from the training images before anything else, the same share of each class."""

    format: Literal["share"]
    of: float = Field(gt=0, lt=1, description="Share of the images that `train` describes.")
    seed: int = Field(ge=0, lt=2**32)
