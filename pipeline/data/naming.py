"""Images by the names of their files, where they were pictures: nobody finds a picture by a number."""

import pandas as pd

from pipeline.config.schema import Dataset
from pipeline.data import raw


def named(images: pd.DataFrame, dataset_config: Dataset) -> pd.DataFrame:
    """A table with the columns part and index, and with `name`, the path of a picture, where there are such.

    An image of a part that comes from a file of arrays is called by its number there.
    """
    names = raw.names(dataset_config)
    if not names:
        return images
    places = zip(images["part"], images["index"], strict=True)
    return images.assign(name=[names[part][place] if part in names else str(place) for part, place in places])
