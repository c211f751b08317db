"""docs/your-own-pictures.md, typed as it stands, beside a small folder of pictures."""

import re
import shlex
import shutil

import numpy as np
import pytest
from helpers.data import SHIPPED
from helpers.project import ROOT, Project
from PIL import Image
from ruamel.yaml import YAML

pytestmark = pytest.mark.e2e
PAGE = ROOT / "docs" / "your-own-pictures.md"
NAMES = {"cat": ("tom.jpg", "felix.png"), "dog": ("rex.jpg",)}


def draw(folder) -> None:
    """Cats are red boxes and dogs blue ones, 40 of each; those that the page names are among them."""
    random = np.random.default_rng(1)
    for channel, (kind, names) in enumerate(NAMES.items()):
        (folder / kind).mkdir(parents=True)
        for number in range(40):
            image = random.integers(0, 60, (48, 48, 3), dtype=np.uint8)
            top, left = random.integers(0, 24, 2)
            image[top : top + 24, left : left + 24, 2 * channel] += 180
            name = names[number] if number < len(names) else f"{number}.png"
            Image.fromarray(image).save(folder / kind / name, quality=95)


def commands() -> list[str]:
    """The lines of the page that are typed."""
    lines = re.findall(r"^ {4}(.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [line for line in lines if line.split()[0] in ("python", "dvc", "git", "make")]


def test_the_tutorial_works_as_it_is_typed(tmp_path):
    draw(tmp_path / "pets")
    project = Project(tmp_path / "project", YAML(typ="safe", pure=True).load(SHIPPED))
    shutil.copytree(ROOT / "recipes", project.folder / "recipes")
    shown = {line: project.ok(*shlex.split(line)) for line in commands()}
    assert len(shown) >= 8
    assert "the gate accepts this model" in shown["dvc repro"], shown["dvc repro"]
    assert "dog" in next(text for line, text in shown.items() if " predict " in line)
    assert project.params()["dataset"]["name"] == "my-pets"
    assert "nothing to commit" in project.run("git", "status").stdout
