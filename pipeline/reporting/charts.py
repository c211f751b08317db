"""Small charts as SVG, which follow the colours and the font of the page that they stand in."""

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

WIDTH, HEIGHT = 420, 260
LEFT, RIGHT, TOP, BOTTOM = 48, 20, 30, 40  # margins; on top stands what is measured
COLOURS = 6  # that a page has for lines laid over each other; then they begin anew
LETTER = 11  # height of a name at the end of a line


class Axes:
    """The frame of a chart: where a value lies, the ticks, and what is measured."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.x, self.y = x, y

    def at(self, x: float, y: float) -> str:
        """Data → "x,y" in the picture."""
        across = LEFT + (x - self.x[0]) / ((self.x[1] - self.x[0]) or 1) * (WIDTH - LEFT - RIGHT)
        down = TOP + (self.y[1] - y) / ((self.y[1] - self.y[0]) or 1) * (HEIGHT - TOP - BOTTOM)
        return f"{across:.1f},{down:.1f}"

    def frame(self, x_ticks: dict[float, str], y_ticks: dict[float, str], x_label: str, y_label: str) -> str:
        """Grid lines with their labels, and the names of the axes."""
        parts = []
        for value, text in y_ticks.items():
            x, y = self.at(self.x[0], value).split(",")
            parts.append(f'<path class="grid" d="M{x},{y}H{WIDTH - RIGHT}"/>')
            parts.append(f'<text x="{float(x) - 8:.1f}" y="{y}" dy=".32em" text-anchor="end">{escape(text)}</text>')
        for value, text in x_ticks.items():
            x = self.at(value, self.y[0]).split(",")[0]
            parts.append(f'<text x="{x}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{escape(text)}</text>')
        middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
        parts.append(f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x_label)}</text>')
        parts.append(f'<text x="0" y="12">↑ {escape(y_label)}</text>')
        return "".join(parts)


def _svg(label: str, *parts: str) -> Markup:
    return Markup(
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
        + "".join(parts)
        + "</svg>"
    )


def curves(label: str, epochs: Sequence[int], lines: dict[str, Sequence[float]], best: int) -> Markup:
    """One line a series over the epochs; the first is faint. A dotted line marks epoch `best`.

    `label` names what is measured. Each point tells its series, epoch and value to a pointer.
    """
    axes, frame = _over_epochs(epochs, [value for line in lines.values() for value in line], label)
    x, top = axes.at(best, axes.y[1]).split(",")
    parts = [frame, f'<path class="best" d="M{x},{top}V{HEIGHT - BOTTOM}"/>']
    for number, (name, line) in enumerate(lines.items()):
        drawn = [(epoch, value) for epoch, value in zip(epochs, line, strict=True) if math.isfinite(value)]
        points = " ".join(axes.at(*each) for each in drawn)
        parts.append(f'<polyline class="line {"accent" if number else "faint"}" points="{points}"/>')
        for epoch, value in drawn:
            x, y = axes.at(epoch, value).split(",")
            told = f"{escape(name)}, epoch {epoch}: {value:.4f}"
            parts.append(f'<circle class="touch" cx="{x}" cy="{y}" r="7"><title>{told}</title></circle>')
    return _svg(label, *parts)


def overlay(label: str, series: dict[str, list[tuple[int, float, float, float]]]) -> Markup:
    """One line a series over the epochs, its name at its end, in the colour of its number (class c0, c1, …).

    A point is (epoch, middle, lowest, highest); between the last two lies a band. Empty where there is no point.
    """
    drawn = {name: points for name, points in series.items() if points}
    if not drawn:
        return Markup("")
    every = [point for points in drawn.values() for point in points]
    epochs = range(min(point[0] for point in every), max(point[0] for point in every) + 1)
    axes, frame = _over_epochs(epochs, [value for point in every for value in point[1:]], label)
    parts, ends = [frame], []
    for number, (name, points) in enumerate(series.items()):
        if not points:
            continue
        above = [axes.at(epoch, high) for epoch, _, _, high in points]
        below = [axes.at(epoch, low) for epoch, _, low, _ in reversed(points)]
        middle = [axes.at(epoch, value) for epoch, value, _, _ in points]
        x, y = map(float, middle[-1].split(","))
        ends.append((y, x, name, f"c{number % COLOURS}"))
        parts.append(f'<polygon class="band c{number % COLOURS}" points="{" ".join(above + below)}"/>')
        parts.append(f'<polyline class="line own c{number % COLOURS}" points="{" ".join(middle)}"/>')
        parts.append(f'<circle class="end c{number % COLOURS}" cx="{x}" cy="{y}" r="2.5"/>')
    return _svg(label, *parts, *_names(ends))


def _names(ends: list[tuple[float, float, str, str]]) -> list[str]:
    """The names of lines, right of their ends (y, x, name, class); moved to the middle where two would overlap."""
    texts: list[str] = []
    placed: list[tuple[float, float]] = []
    middle = (TOP + HEIGHT - BOTTOM) / 2
    lower = sorted((end for end in ends if end[0] > middle), reverse=True)
    for y, x, name, colour in sorted(end for end in ends if end[0] <= middle) + lower:
        step = -1 if y > middle else 1
        while any(abs(y - other) < LETTER and abs(x - beside) < LETTER for other, beside in placed):
            y += step
        placed.append((y, x))
        texts.append(f'<text class="name {colour}" x="{x + 5:.1f}" y="{y:.1f}" dy=".32em">{escape(name)}</text>')
    return texts


def _over_epochs(epochs: Sequence[int], values: list[float], label: str) -> tuple[Axes, str]:
    """The axes of a chart of these values over the epochs, and their frame."""
    from matplotlib.ticker import MaxNLocator

    finite = [value for value in values if math.isfinite(value)] or [0.0]  # it may diverge
    ticks = MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(min(finite), max(*finite, min(finite) + 0.001))
    digits = max(0, -math.floor(math.log10(ticks[1] - ticks[0])))
    axes = Axes((epochs[0], epochs[-1]), (ticks[0], ticks[-1]))
    step = max(1, -(-len(epochs) // 10))
    named = {float(epoch): f"{epoch}" for epoch in epochs[::step]}
    return axes, axes.frame(named, {float(tick): f"{tick:.{digits}f}" for tick in ticks}, "epoch", label)


def reliability(label: str, confidence: Sequence[float], accuracy: Sequence[float], images: Sequence[int]) -> Markup:
    """How often the model is right (up) where it is this sure (right). On the diagonal it is as good as it says.

    Bins without images are left out. A dot is larger, the more images it stands for.
    """
    axes = Axes((0, 1), (0, 1))
    quarters = {part / 4: f"{part * 25} %" for part in range(5)}
    parts = [axes.frame(quarters, quarters, "how sure the model is", "how often it is right")]
    parts.append(f'<polyline class="best" points="{axes.at(0, 0)} {axes.at(1, 1)}"/>')
    filled = [(c, a, n) for c, a, n in zip(confidence, accuracy, images, strict=True) if n]
    points = " ".join(axes.at(c, a) for c, a, _ in filled)
    parts.append(f'<polyline class="line accent" points="{points}"/>')
    largest = max(n for *_, n in filled) if filled else 1
    for c, a, n in filled:
        x, y = axes.at(c, a).split(",")
        radius = 2.5 + 4 * (n / largest) ** 0.5
        parts.append(f'<circle class="dot" cx="{x}" cy="{y}" r="{radius:.1f}"><title>{n:,} images</title></circle>')
    return _svg(label, *parts)


def cumulative(label: str, x_label: str, lines: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> Markup:
    """How many of some images (up) lie below a value (right): a line a series, of values and shares, the first faint.

    The largest distance of two lines from top to bottom is that of Kolmogorov and Smirnov, the area between them that
    of Wasserstein.
    """
    every = [value for values, _ in lines.values() for value in values]
    least, most = min(every), max(every)
    axes = Axes((least, most), (0, 1))
    named = {value: f"{value:.3g}" for value in (least, (least + most) / 2, most)}
    parts = [axes.frame(named, {part / 4: f"{part * 25} %" for part in range(5)}, x_label, label)]
    for number, (name, (values, shares)) in enumerate(lines.items()):
        points = " ".join(axes.at(*each) for each in zip(values, shares, strict=True))
        title = f"<title>{escape(name)}</title>"
        parts.append(f'<polyline class="line {"accent" if number else "faint"}" points="{points}">{title}</polyline>')
    return _svg(f"{label}, {x_label}: {', '.join(lines)}", *parts)
