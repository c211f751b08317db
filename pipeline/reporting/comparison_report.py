"""What several runs tell beside each other, as an HTML page."""

import string

import numpy as np
from markupsafe import Markup

from pipeline.evaluation.comparison import Comparison
from pipeline.evaluation.configurations import Configuration, by_class, curve
from pipeline.evaluation.seeds import Estimate
from pipeline.reporting import charts, page, pictures
from pipeline.reporting.comparison_table import p_value

PICTURES = 16  # of each kind that the page shows of two; of more, half as many
CURVES = {  # column of reports/history.csv → what the page calls it
    "validation_accuracy": "accuracy on validation pictures",
    "validation_loss": "loss on validation pictures",
    "accuracy": "accuracy on training pictures",
    "loss": "loss on training pictures",
}


def render(found: Comparison, images: np.ndarray | None, notes: list[str]) -> str:
    """Returns the page; equal input gives equal text.

    `images` uint8 (n, height, width, channels) are the test images, None where they are not here. `notes` say what
    could not be compared.
    """
    configurations = found.configurations
    run_count = sum(len(each.runs) for each in configurations)
    predictions = [table for each in configurations for table in each.predictions]
    classes = class_rows(configurations)
    validation = [each.validation for each in configurations if each.validation]
    drawn = {title: overlaid(configurations, column, title) for column, title in CURVES.items()}
    return page.render_file(
        "compare.html",
        title=title(found),
        found=found,
        letters=string.ascii_uppercase,
        verdict=verdict(found),
        leader=leader(found),
        run_count=run_count,
        has_seeds=run_count > len(configurations),
        tested=len(predictions[0].actual) if predictions else 0,
        is_tested=any(each.test for each in configurations),
        scale=scale([each.test for each in configurations if each.test] or validation),
        charts={title: chart for title, chart in drawn.items() if chart},
        classes=classes,
        class_scale=scale([Estimate(value) for row in classes.values() for value in row if value is not None]),
        picture=lambda number: "" if images is None else pictures.data_uri(images[number : number + 1]),
        has_pictures=images is not None,
        answers=answers,
        shown=PICTURES if len(configurations) == 2 else PICTURES // 2,
        colours=charts.COLOURS,
        tests=list(dict.fromkeys(each.test for each in found.differences if each.p is not None)),
        notes=notes,
        p_value=p_value,
    )


def title(found: Comparison) -> str:
    """The question that the page answers."""
    data_set = found.configurations[0].value("dataset.name")
    count = len(found.configurations)
    if count == 1:
        return "How much does the seed matter?"
    these = f"{count} {data_set} classifiers" if data_set else f"{count} classifiers"
    return f"Which of these {these} is {'better' if count == 2 else 'best'}?"


def leader(found: Comparison) -> tuple[int, Estimate | None]:
    """The position of the configuration with the highest accuracy, and that accuracy.

    On test images, if all were tested; else on validation images.
    """
    tested = [each.test for each in found.configurations]
    known = tested if all(tested) else [each.validation for each in found.configurations]
    values = [each.value if each else -1.0 for each in known]
    best = values.index(max(values))
    return best, known[best]


def verdict(found: Comparison) -> str:
    """A sentence: which configuration is ahead, and whether by more than chance."""
    best, _ = leader(found)
    name = string.ascii_uppercase[best]
    others = range(1, len(found.configurations))
    if len(found.configurations) == 1:
        return f"The {len(found.configurations[0].runs)} runs differ in nothing but the seed."
    if not all(each.test for each in found.configurations):
        return f"{name} is right most often on the validation pictures, by which it was chosen. Only a test tells more."
    if len({each.test.value for each in found.configurations if each.test}) == 1:
        return "All are right equally often."
    if best:
        difference = found.differences[best - 1]
        if difference.p is None:
            return f"{name} is right most often. Nothing tells whether that is more than chance."
        if found.is_clear(difference):
            return f"{name} is better than A, by more than chance (p {p_value(difference.p)})."
        return (
            f"{name} is right most often, but chance alone can make such a difference to A (p {p_value(difference.p)})."
        )
    if beaten := [string.ascii_uppercase[i] for i in others if found.is_clear(found.differences[i - 1])]:
        return f"A is better than {', '.join(beaten)}, by more than chance."
    return "A is right most often, but chance alone can make the differences to the others."


def scale(estimates: list[Estimate]) -> tuple[float, float]:
    """What the bars of accuracies reach from and to: the intervals, to whole percents, within 0 and 1."""
    ends = [end for each in estimates for end in each if end is not None] or [0.0, 1.0]
    low, high = max(0.0, np.floor(min(ends) * 100) / 100), min(1.0, np.ceil(max(ends) * 100) / 100)
    return float(low), float(high if high > low else low + 0.01)


def overlaid(configurations: list[Configuration], column: str, title: str) -> Markup:
    """The chart of a column of reports/history.csv, a line a configuration."""
    lines = {string.ascii_uppercase[number]: curve(each, column) for number, each in enumerate(configurations)}
    return charts.overlay(title, lines)


def class_rows(configurations: list[Configuration]) -> dict[str, list[float | None]]:
    """Class → accuracy of each configuration, None where it has no predictions; those that differ the most first."""
    if len(configurations) < 2:
        return {}
    return by_class(configurations)


def answers(configuration: Configuration, number: int) -> str:
    """What a configuration says of a test image; of several seeds, each answer once."""
    (first, *others) = configuration.predictions
    names = dict.fromkeys(table.predicted[number] for table in (first, *others))
    sure = "" if others or first.confidence is None else f", {first.confidence[number]:.0%} sure"
    return " or ".join(names) + sure
