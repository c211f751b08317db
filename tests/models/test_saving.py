import zipfile

from pipeline.models import architectures, saving


def test_a_saved_model_has_no_date_of_its_own(params, tmp_path):
    saving.save(architectures.build((8, 8, 1), 4, params.train), tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b'"date_saved": "1980-01-01@00:00:00"' in archive.read("metadata.json")


def test_the_summary_has_a_line_for_each_layer(params):
    model = architectures.build((8, 8, 1), 4, params.train)
    lines = saving.summary(model).splitlines()
    assert all(any(layer.name in line for line in lines) for layer in model.layers)
    assert max(map(len, lines)) <= 80 and saving.summary(model).endswith("\n")
