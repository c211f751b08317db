"""The section preprocess.checks: the limits of the data checks, and which of them are errors."""

from typing import Literal

from pydantic import Field

from pipeline.config.schema.section import Section


class Limit(Section):
    """How far a measure may go, and what follows beyond: an error writes nothing, a warning is said and shown."""

    limit: float = Field(ge=0)
    level: Literal["error", "warning"]


class Checks(Section):
    """Limits of the data checks; docs/data-checks.md explains each. Those without a level are errors."""

    pixel_min: int = Field(ge=0, le=255)
    pixel_max: int = Field(ge=0, le=255)
    contrast_min: int = Field(ge=0, le=255, description="Brightest minus darkest pixel; 0 lets blank images pass.")
    class_balance_tolerance: float = Field(
        ge=0, le=1, description="How far the share of a class may lie from 1 / number of classes."
    )
    duplicates: Limit = Field(description="Images that are copies of another one in their file, as a share.")
    near_duplicates: Limit = Field(description="Test images with nearly the same image in train, as a share.")
    test_size: Limit = Field(description="Test images for each training image: are the files exchanged?")
    pixel_range: Limit = Field(description="The brightest pixel as a share of 255, at least.")
    distribution: Limit = Field(description="Brightness, contrast, sharpness, edges: Kolmogorov–Smirnov distance.")
    pixel_levels: Limit = Field(description="Pixel values in train and test: Wasserstein distance, levels of 255.")
    mean_image: Limit = Field(description="Mean images of train and test: standardised difference.")
    class_shares: Limit = Field(description="Classes in train and test: population stability index.")
    labels_fit: Limit = Field(description="How much less than in the other file neighbours agree with the labels.")
    labels_exchanged: Limit = Field(description="How well other class names explain the labels of the other file.")
    labels_transfer: Limit = Field(description="How much worse than its own images those of train name a test image.")
