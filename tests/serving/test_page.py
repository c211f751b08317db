"""A person drops a picture on the page, in a real browser."""

import asyncio

import numpy as np
import pytest
from helpers.browser import browse
from helpers.data import make_split
from helpers.served import CLASSES, serving
from PIL import Image

pytestmark = pytest.mark.e2e


async def seen(page) -> np.ndarray:
    """uint8 (height, width, 4): what the page shows as that which the model looks at."""
    canvas = "document.querySelector('#seen')"
    pixels = f"[...{canvas}.getContext('2d').getImageData(0, 0, {canvas}.width, {canvas}.height).data]"
    return np.array(await page.value(pixels), np.uint8).reshape(await page.value(f"{canvas}.height"), -1, 4)


async def lines(page, selector: str) -> list[str]:
    return await page.value(f"[...document.querySelectorAll({selector!r})].map(each => each.innerText)")


def test_a_dropped_picture_is_made_fit_and_answered_and_nobody_outside_is_asked(params, tmp_path, screenshots):
    dark = make_split(4, 1).images[3, ..., 0]
    dark[[0, -1]] = dark[:, [0, -1]] = 10
    Image.fromarray(dark).save(tmp_path / "dark.png")
    Image.fromarray(255 - dark).resize((320, 160), Image.Resampling.NEAREST).save(tmp_path / "light.png")
    (tmp_path / "none.png").write_text("no picture")

    async def look(address: str, champion) -> None:
        async with browse(address) as page:
            await page.photograph(screenshots, "drop_page")
            answer = await page.changed("#answer", page.drop(tmp_path / "dark.png"))
            assert (await seen(page))[..., 0].tolist() == dark.tolist(), "what fits is left alone"
            assert await lines(page, "#done li") == ["not changed: it has the right size"]
            (row,) = champion.model.predict(dark[None, ..., None]).to_dict("records")
            assert answer == f"{row['class']}, {row['probability']:.1%}".replace("%", " %")
            assert sorted(await lines(page, "#bars td:first-child")) == sorted(CLASSES)

            await page.changed("#answer", page.drop(tmp_path / "light.png"))
            told = await lines(page, "#done li")
            assert told[0] == "scaled from 320 × 160 to 8 × 4 pixels" and "edges filled" in told[1]
            assert told[2].startswith("light and dark exchanged: its background is light") and len(told) == 3
            assert ((await seen(page))[[0, 1, 6, 7], :, 0] == 10).all(), "as dark as its border after that"
            await page.photograph(screenshots, "drop_page_answered")

            assert await page.changed("#wrong", page.drop(tmp_path / "none.png")) == (
                "none.png: is no picture that this browser can read"
            )
            page.assert_quiet(f"{address}/")

    with serving(params, tmp_path) as (address, champion):
        asyncio.run(look(address, champion))


def test_an_object_on_plain_paper_is_cut_out_to_the_size_that_the_model_knows(params, tmp_path):
    paper = np.full((300, 500), 240, np.uint8)
    paper[40:120, 300:340] = 20
    Image.fromarray(paper).save(tmp_path / "paper.png")

    async def look(address: str, champion) -> None:
        async with browse(address) as page:
            await page.changed("#answer", page.drop(tmp_path / "paper.png"))
            image = (await seen(page))[..., 0].astype(int)
            wanted = np.full((8, 8), 15)
            wanted[2:6, 3:5] = 235
            assert np.abs(image - wanted).max() <= 60, image  # 80 pixels high become 4, with soft edges
            assert (await lines(page, "#done li"))[0].startswith("cut out")
            page.assert_quiet(f"{address}/")

    with serving(params, tmp_path, fill=0.5) as (address, _):
        asyncio.run(look(address, _))


def test_a_picture_in_colour_stays_so(params, tmp_path):
    image = np.random.default_rng(1).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    Image.fromarray(image).save(tmp_path / "colour.png")

    async def look(address: str, champion) -> None:
        async with browse(address) as page:
            answer = await page.changed("#answer", page.drop(tmp_path / "colour.png"))
            assert (await seen(page))[..., :3].tolist() == image.tolist()
            assert answer.startswith(champion.model.predict(image[None])["class"][0])
            page.assert_quiet(f"{address}/")

    with serving(params, tmp_path, (6, 5, 3), background=None) as (address, champion):
        asyncio.run(look(address, champion))
