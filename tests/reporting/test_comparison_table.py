from helpers.compared import trained

from pipeline.evaluation.comparison import compare
from pipeline.reporting import comparison_table

WORSE, BETTER = trained(1, list(range(12))), trained(2, [20], filters=8)
SEEDS = [trained(n, list(range(n)), seed=n) for n in (1, 2, 3)]


def test_the_terminal_has_a_row_a_configuration():
    head, first, second = comparison_table.table(compare([WORSE, BETTER])).splitlines()
    assert first.split() == [
        "A",
        "run",
        "1",
        "(00000000)",
        "filters",
        "4",
        "0.8000",
        "0.7000",
        "(0.5457",
        "to",
        "0.8193)",
    ]
    assert second.split()[-4:] == ["+0.2750,", "p", "=", "0.0034"] and second.index("filters") == head.index("what")
    folded = comparison_table.table(compare([*SEEDS, BETTER])).splitlines()[1]
    assert "run 1 (00000000) and 2 more seeds" in folded and "0.9500 (" in folded
