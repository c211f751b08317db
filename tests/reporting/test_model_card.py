from helpers.data import make_split
from helpers.judged import judge, make_origin

from pipeline.config.schema import Behaviour
from pipeline.reporting import model_card

SECTIONS = ["Model details", "Uses", "Limitations", "Training data", "Training", "Evaluation", "Cost", "How to get it"]
LIMITS = Behaviour(flip=0.35, shift=0.25, light=0.05, noise=0.1, archetypes=0.9)


def test_the_card_has_the_sections_and_the_numbers():
    found, _ = judge(make_split(60, 1), ["A", "B & C", "D|E", "F"])
    text = model_card.render(found, make_origin(), (8, 8, 1), LIMITS)
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == SECTIONS
    assert f"**{found.accuracy.value * 100:.1f} %** of 60 test pictures" in text
    assert "B & C" in text, "Markdown is not escaped as HTML"
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert all(line.replace(r"\|", "").count("|") in (3, 4, 6) for line in rows), "a | in a name is no new column"
    assert "8 × 8 pixels with 1 channel (uint8)" in text and "`filters` 4" in text
    assert all(command in text for command in make_origin().commands) and "all 2 passed" in text
    assert "| mirrored left to right |" in text and "| 35 % |" in text and "| dark |" in text
    assert "\n\n\n" not in text and text.endswith("\n")
