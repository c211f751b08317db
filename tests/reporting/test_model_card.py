from helpers.data import make_split
from helpers.judged import judge, make_origin

from pipeline.reporting import model_card

SECTIONS = ["Model details", "Uses", "Limitations", "Training", "Evaluation", "Cost", "How to get it"]


def test_the_card_has_the_sections_and_the_numbers():
    found, _ = judge(make_split(60, 1), ["A", "B & C", "D|E", "F"])
    text = model_card.render(found, make_origin(), (8, 8, 1))
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == SECTIONS
    assert f"**{found.accuracy.value * 100:.1f} %** of 60 test pictures" in text
    assert "B & C" in text, "Markdown is not escaped as HTML"
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert all(line.replace(r"\|", "").count("|") in (3, 6) for line in rows), "a | in a name is no new column"
    assert "8 × 8 pixels with 1 channel (uint8)" in text and "`filters` 4" in text
    assert "\n\n\n" not in text and text.endswith("\n")
