"""What each recipe costs and reaches, from the results of the seeds: a table and a picture for README.md."""

from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from pipeline.evaluation import plots

PUBLISHED = [  # accuracy on the test images, what reached it: https://github.com/zalandoresearch/fashion-mnist, but
    (93.4, "published: 2 convolutions, batch norm, 80 epochs"),
    (94.3, "4 convolutions, batch norm, augmentation"),
    (94.9, "ResNet-18"),
    (95.4, "DenseNet-BC, 768,000 parameters"),
    (96.3, "WRN-28-10, random erasing, 300 epochs"),  # Zhong et al., 2017, https://arxiv.org/abs/1708.04896
    (96.7, "WRN-40-4, FMix, 880 epochs"),  # Harris et al., 2020, https://arxiv.org/abs/2002.12047
]


class Recipe(NamedTuple):
    """What one recipe costs and reaches; accuracies in per cent, as mean and standard deviation of the seeds."""

    name: str
    parameters: int
    multiply_adds: int
    minutes: float  # of CPU, for a whole run
    validation: tuple[float, float]
    test: tuple[float, float]


def measured(stored: dict[str, dict[str, Any]]) -> list[Recipe]:
    """The recipes that have a result on a processor, the cheapest first. `stored`: name of a benchmark → its result."""
    found = []
    for name, one in stored.items():
        if name.startswith("seeds-"):
            (runs,), notes = one["programs"].values(), one["notes"]
            accuracies = [(mean(notes[part]), stdev(notes[part])) for part in ("validation", "test")]
            minutes = mean(run["cpu"] for run in runs) / 60
            sizes = notes["parameters"], notes["multiply-adds"]
            found.append(Recipe(name.removeprefix("seeds-"), *sizes, minutes, *accuracies))
    return sorted(found, key=lambda recipe: recipe.minutes)


def table(recipes: list[Recipe]) -> str:
    """The rows for README.md, as Markdown."""
    lines = [
        "| Recipe | Parameters | Multiply-adds | CPU minutes | Validation, % | Test, % |",
        "|---|---|---|---|---|---|",
    ]
    for one in recipes:
        validation, test = (f"{middle:.2f} ± {spread:.2f}" for middle, spread in (one.validation, one.test))
        lines.append(
            f"| `{one.name}` | {one.parameters:,} | {one.multiply_adds / 1e6:.1f} million | {one.minutes:.1f} "
            f"| {validation} | {test} |"
        )
    return "\n".join(lines) + "\n"


def draw(recipes: list[Recipe], path: Path) -> None:
    """Draws accuracy against CPU minutes. What was published has no minutes: a line across."""
    figure = Figure(figsize=(9, 5.2), layout="constrained")
    axis = figure.subplots()
    for accuracy, name in PUBLISHED:
        axis.axhline(accuracy, color="0.75", linewidth=1, linestyle="--", zorder=0)
        across = axis.get_yaxis_transform()  # x as a share of the axis
        axis.text(0.01, accuracy + 0.04, f"{accuracy:.1f}  {name}", transform=across, color="0.35", fontsize=8)
    for one in recipes:
        middle, spread = one.test
        axis.errorbar(one.minutes, middle, spread, fmt="o", color="tab:blue", capsize=3)
        axis.annotate(one.name, (one.minutes, middle), xytext=(8, -4), textcoords="offset points", fontsize=11)
    minutes = [one.minutes for one in recipes]
    axis.set(xscale="log", xlim=(min(minutes) / 2.5, max(minutes) * 2), ylim=(None, 97.1))
    ticks = [tick for tick in (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if min(minutes) / 2.5 <= tick <= max(minutes) * 2]
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks], minor=False)
    axis.set_xticks([], minor=True)
    axis.set(xlabel="CPU minutes of a whole run, three seeds", ylabel="accuracy on the test images, %")
    axis.spines[["top", "right"]].set_visible(False)
    plots.save(figure, path)
