"""The sections of params.yaml: which keys there are, of which type, in which range. Frozen and strict."""

from pipeline.config.schema.dataset import Dataset, IdxFiles, SplitFiles
from pipeline.config.schema.models import Cnn, Model
from pipeline.config.schema.params import Checks, Download, Evaluate, Params, Preprocess
from pipeline.config.schema.section import Section
from pipeline.config.schema.train import Train
from pipeline.config.schema.tune import Dimension, Tune

__all__ = [
    "Checks",
    "Cnn",
    "Dataset",
    "Dimension",
    "Download",
    "Evaluate",
    "IdxFiles",
    "Model",
    "Params",
    "Preprocess",
    "Section",
    "SplitFiles",
    "Train",
    "Tune",
]
