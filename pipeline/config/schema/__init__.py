"""The sections of params.yaml: which keys there are, of which type, in which range. Frozen and strict."""

from pipeline.config.schema.checks import Checks, Limit
from pipeline.config.schema.dataset import Dataset
from pipeline.config.schema.formats import (
    Half,
    IdxFiles,
    NpzFile,
    OneFile,
    PictureFolder,
    PictureTable,
    RecordFiles,
    Share,
)
from pipeline.config.schema.params import Behaviour, Evaluate, Gate, Params, Preprocess, Tracking
from pipeline.config.schema.section import Section
from pipeline.config.schema.train import Train
from pipeline.config.schema.tune import Dimension, Resources, Tune

__all__ = [
    "Behaviour",
    "Checks",
    "Dataset",
    "Dimension",
    "Evaluate",
    "Gate",
    "Half",
    "IdxFiles",
    "Limit",
    "NpzFile",
    "OneFile",
    "Params",
    "PictureFolder",
    "PictureTable",
    "Preprocess",
    "RecordFiles",
    "Resources",
    "Section",
    "Share",
    "Tracking",
    "Train",
    "Tune",
]
