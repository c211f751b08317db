"""What may be behind a measure, in a line: for whoever has to find what went wrong."""

from typing import Any

import numpy as np

from pipeline.core.cli import counted
from pipeline.data.change import Change
from pipeline.data.measure import Measure
from pipeline.data.neighbours import Votes
from pipeline.data.profile import QUANTILES, Profile

NAMED = 3  # pairs named in a line


def of_size(ratio: float) -> str:
    """`ratio`: test images for each training image."""
    return f"{ratio:.1f} test images for each training image: the files of train and test may be exchanged"


def of_range(brightest: int) -> str:
    """`brightest`: the brightest pixel of a part, 0 to 255."""
    factor = f", {255 / brightest:.1f} times less" if brightest else ""
    return f"the brightest pixel is {brightest} of 255{factor}: the pixels may have another scale, 0 to {brightest}"


def of_copies(part: str, pairs: list[tuple[int, int]], images: int) -> str:
    """`pairs`: (place, place of the first one like it) of each copy in a part of so many images."""
    if not pairs:
        return ""
    offsets = {place - first for place, first in pairs}
    if len(pairs) > NAMED and len(offsets) == 1:
        first, last = pairs[0][0], pairs[-1][0]
        return f"{part}[{first}] to [{last}] are copies of what stands {offsets.pop():,} places before"
    named = ", ".join(f"[{place}] of [{first}]" for place, first in pairs[:NAMED])
    more = ", …" if len(pairs) > NAMED else ""
    return f"{len(pairs):,} of {counted(f'{images:,}', 'image')} in {part} are copies: {named}{more}"


def of_twins(pairs: list[dict[str, Any]], images: int) -> str:
    """`pairs`: test and train places, and the correlation, of nearly equal images; of so many test images."""
    if not pairs:
        return ""
    named = ", ".join(f"test[{pair['test']}] as train[{pair['train']}]" for pair in pairs[:NAMED])
    more = ", …" if len(pairs) > NAMED else ""
    return f"{len(pairs):,} of {images:,} test images are in train, nearly the same: {named}{more}"


def of_drift(measure: Measure, profiles: dict[str, Profile], change: Change | None, classes: list[str]) -> str:
    """What differs between two profiles, the first of which is the reference; and the change that would explain it."""
    (before, reference), (now, new) = profiles.items()
    likely = f"{now} looks like {before} {change.name}" if change else ""
    if measure.key == "class_shares" and reference.classes and new.classes:
        shares = [np.array(each) / max(sum(each), 1) for each in (reference.classes, new.classes)]
        most = int(np.abs(shares[1] - shares[0]).argmax())
        return f"{classes[most]} is {shares[0][most]:.1%} of {before} and {shares[1][most]:.1%} of {now}"
    if measure.key == "distribution":
        half = [each.quantiles[measure.name][QUANTILES // 2] for each in (reference, new)]
        differs = f"half of {before} is below {half[0]:.3g}, half of {now} below {half[1]:.3g}"
    elif measure.key == "pixel_levels":
        means = [float(np.dot(each.levels, range(256))) for each in (reference, new)]
        differs = f"the mean pixel is {means[0]:.0f} in {before} and {means[1]:.0f} in {now}"
    else:
        differs = f"the mean images of {before} and {now} are not the same"
    return f"{likely}; {differs}" if likely else differs


def of_labels(part: str, asked: Votes, other: Votes, labels: np.ndarray) -> str:
    """Why neighbours agree less with the labels of a part than with those of the other part."""
    agreed = f"neighbours agree with {asked.accuracy:.0%} of them, and with {other.accuracy:.0%} in the other part"
    if not len(asked.labels):
        return ""
    largest = np.bincount(asked.labels).max() / len(asked.labels)
    if asked.accuracy > largest + (other.accuracy - largest) / 4:  # else as good as guessed
        wrong = 1 - asked.accuracy / max(other.accuracy, 1e-9)
        return f"about {wrong:.0%} of the labels of {part} may be wrong: {agreed}"
    order = "the labels are sorted, and the images are not" if (np.diff(labels.astype(int)) >= 0).all() else ""
    return f"{order or f'labels and images of {part} may stand in another order'}: {agreed}"


def of_exchange(names: dict[int, int], classes: list[str]) -> str:
    """`names`: label in test → label of the same images in train, of classes that differ."""
    if not names:
        return ""
    steps = {(name - label) % len(classes) for label, name in names.items()}
    if len(steps) == 1 and len(names) == len(classes) > 2:
        step = steps.pop()
        shift = f"+ {step}" if step <= len(classes) / 2 else f"− {len(classes) - step}"
        return f"all labels are shifted: a class of test with the label n has n {shift} in train"
    pairs = [(label, name) for label, name in names.items() if names.get(name) == label and label < name]
    swapped = [f"{classes[label]} and {classes[name]} are exchanged" for label, name in pairs]
    rest = [label for label in names if not any(label in pair for pair in pairs)]
    swapped += [f"{classes[label]} in test is {classes[names[label]]} in train" for label in rest]
    return "; ".join(swapped) + ": the labels of train or test are wrong"


def of_transfer(own: float, across: float) -> str:
    """Accuracies of neighbours on test images: of other test images, and of training images."""
    return f"images of train name {across:.0%} of the test images as they are labelled, other test images {own:.0%}"
