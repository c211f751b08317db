import pytest
from helpers.data import SIDE, TRAIN

from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.sources import fetch
from pipeline.stages import download


def test_it_fetches_what_params_yaml_describes_and_little_more(workplace, params, monkeypatch, capsys):
    asked = {}
    monkeypatch.setattr(fetch, "fetch", lambda **arguments: asked.update(arguments) or "there")
    download.main()
    pixels = TRAIN * SIDE * SIDE
    limits = asked.pop("limits")
    assert pixels < limits.size < 2 * pixels + 2 * 2**20 and limits.timeout == params.download.timeout
    assert asked == {
        "sources": params.download.sources,
        "sha256": params.dataset.sha256,
        "folder": paths.RAW,
    }
    assert capsys.readouterr().out == "the raw files are in data/raw/, verified, from there\n"


def test_parameters_that_were_edited_meanwhile_end_it(workplace, monkeypatch):
    def edit(**_):
        text = paths.PARAMS.read_text().replace("name: quadrants", "name: squares")
        paths.PARAMS.write_text(text)
        return "there"

    monkeypatch.setattr(fetch, "fetch", edit)
    with pytest.raises(UserError, match=r"params\.yaml: edited while this ran"):
        download.main()
