"""Images as data: URIs, small enough for a page that carries them with it."""

import base64
import io

import numpy as np
from PIL import Image

LARGEST = 56  # pixels of the longer side, above which a picture is made smaller


def data_uri(images: np.ndarray) -> str:
    """`images` uint8 (n, height, width, channels), side by side with a pixel between them, as one picture.

    Grey pictures become PNG, with every pixel as it is; colour pictures become JPEG, which is a tenth of the size.
    """
    small = [_shrunk(image) for image in images]
    gap = np.full_like(small[0][:, :1], 128)
    row = np.concatenate([part for image in small for part in (image, gap)][:-1], axis=1)
    file = io.BytesIO()
    if row.shape[-1] == 1:
        Image.fromarray(row.squeeze(-1)).save(file, "png", optimize=True)
        kind = "png"
    else:
        Image.fromarray(row).convert("RGB").save(file, "jpeg", quality=85)  # which has no transparency
        kind = "jpeg"
    return f"data:image/{kind};base64," + base64.b64encode(file.getvalue()).decode()


def _shrunk(image: np.ndarray) -> np.ndarray:
    if max(image.shape[:2]) <= LARGEST:
        return np.asarray(image)
    picture = Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image)
    picture.thumbnail((LARGEST, LARGEST))
    return np.asarray(picture).reshape(picture.height, picture.width, image.shape[-1])
