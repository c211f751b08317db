"""A person drops a picture on the page, in a real browser."""

import asyncio
import base64
import io

import numpy as np
import pytest
from helpers.browser import browse
from helpers.data import make_split
from helpers.served import CLASSES, serving
from PIL import Image

from pipeline.data.appearance import Appearance
from pipeline.serving import inputs
from pipeline.serving.classifier import Classifier

pytestmark = pytest.mark.e2e


async def seen(page) -> np.ndarray:
    """uint8 (height, width) or (height, width, 3): what the page shows as that which the model looks at."""
    address = await page.value("document.querySelector('#seen').src")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))))


async def lines(page, selector: str) -> list[str]:
    return await page.value(f"[...document.querySelectorAll({selector!r})].map(each => each.innerText)")


def test_a_dropped_picture_is_made_fit_and_answered_as_by_predict_and_nobody_outside_is_asked(
    params, tmp_path, screenshots
):
    dark = make_split(4, 1).images[3, ..., 0]
    dark[[0, -1]] = dark[:, [0, -1]] = 10
    Image.fromarray(dark).save(tmp_path / "dark.png")
    Image.fromarray(255 - dark).resize((320, 160), Image.Resampling.NEAREST).save(tmp_path / "light.png")
    (tmp_path / "none.png").write_text("no picture")
    (tmp_path / "folder.png").mkdir()

    async def look(address: str, classifier: Classifier) -> None:
        async with browse(address) as page:
            await page.photograph(screenshots, "drop_page")
            answer = await page.changed("#answer", page.drop(tmp_path / "dark.png"))
            assert (await seen(page)).tolist() == dark.tolist(), "what fits is left alone"
            assert await lines(page, "#done li") == ["not changed"]
            assert sorted(await lines(page, "#bars td:first-child")) == sorted(CLASSES)
            answers = [answer, await page.changed("#answer", page.drop(tmp_path / "light.png"))]
            told = ["resized from 320 × 160", "inverted: its background is light", "with a margin"]
            assert await lines(page, "#done li") == told
            for name, shown in zip(("dark", "light"), answers, strict=True):
                (said,) = classifier.answers(inputs.find([str(tmp_path / f"{name}.png")]))
                share = f"{said.probabilities.max():.1%}".replace("%", " %")
                assert shown == f"{CLASSES[said.probabilities.argmax()]}, {share}"
            assert np.array_equal(await seen(page), said.image[..., 0])

            await page.photograph(screenshots, "drop_page_answered")

            await page.changed("#answer", page.value("document.querySelector('#as-is').click()"))
            assert await lines(page, "#done li") == ["resized from 320 × 160", "with a margin"]
            for name, reason in (("none", "the picture is no PNG"), ("folder", "cannot be read")):
                shown = await page.changed("#wrong", page.drop(tmp_path / f"{name}.png"))
                assert shown.startswith(f"{name}.png: {reason}")
            assert all(each.startswith("Failed to load resource: ") for each in page.complaints), "of these two alone"
            own = (f"{address}/", "blob:", "data:image/png")
            assert all(asked.startswith(own) for asked in page.requests)

    with serving(params) as (address, classifier):
        asyncio.run(look(address, classifier))


def test_an_object_on_plain_paper_is_cut_out_and_a_picture_in_colour_stays_so(params, tmp_path):
    paper = np.full((300, 500, 3), 240, np.uint8)
    paper[40:120, 300:340] = (20, 120, 20)
    Image.fromarray(paper).save(tmp_path / "paper.png")

    async def look(address: str) -> None:
        async with browse(address) as page:
            await page.changed("#answer", page.drop(tmp_path / "paper.png"))
            wanted = np.full((8, 8, 3), 240)
            wanted[2:6, 3:5] = (20, 120, 20)
            assert np.abs((await seen(page)).astype(int) - wanted).max() <= 60, (
                "80 pixels high become 4, with soft edges"
            )
            assert (await lines(page, "#done li"))[0] == "cut out"
            assert page.complaints == []

    with serving(params, (8, 8, 3), Appearance("light", 0.5)) as (address, _):
        asyncio.run(look(address))
