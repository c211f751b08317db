"""How far two sets of images differ, by their profiles: what train has and test has not, or what has come since.

What chance may do to sets of this size is taken off each number, so that a few images raise no alarm.
"""

import math

from pipeline.data.measure import Measure
from pipeline.data.profile import MEASURES, Profile

RARE = 0.001  # how often chance alone goes beyond what is called chance
EMPTY = 1e-4  # the least share of a class in the population stability index, which has no value for 0
CERTAIN = 3.3  # standard deviations, of which the same is true
CORRELATED = 5  # times its expected value that a difference of mean images may reach, since pixels are no strangers


def drift(reference: Profile, new: Profile) -> list[Measure]:
    """Every measure of two sets of images of one shape; class shares only where both have labels."""
    found = [_distribution(name, reference, new) for name in MEASURES]
    found.append(_levels(reference, new))
    if (difference := _mean_image(reference, new)) is not None:
        found.append(difference)
    if reference.classes is not None and new.classes is not None:
        found.append(stability(reference.classes, new.classes))
    return [each.rounded() for each in found]


def _distribution(name: str, reference: Profile, new: Profile) -> Measure:
    """The distance of Kolmogorov and Smirnov, 0 to 1: how far the shares of images below a value differ, at most.

    Chance: the confidence bands of both (Dvoretzky, Kiefer and Wolfowitz 1956, with the constant of Massart 1990).
    """
    from scipy.stats import ks_2samp

    distance = ks_2samp(reference.quantiles[name], new.quantiles[name], method="asymp").statistic
    band = sum(math.sqrt(math.log(2 / RARE) / (2 * each.measured)) for each in (reference, new))
    return Measure(name, "distribution", float(distance), band)


def _levels(reference: Profile, new: Profile) -> Measure:
    """The distance of Wasserstein (the earth mover's) of all pixels, in levels of 255.

    Chance: that of the mean brightness of so many images, since the pixels of one image are alike.
    """
    from scipy.stats import wasserstein_distance

    distance = wasserstein_distance(range(256), range(256), reference.levels, new.levels)
    spread = max(_spread(reference), _spread(new))  # that of a few images may be small by chance
    chance = CERTAIN * spread * math.sqrt(1 / reference.measured + 1 / new.measured)
    return Measure("pixel levels", "pixel_levels", float(distance), chance)


def _spread(profile: Profile) -> float:
    """The standard deviation of the brightness of images, by their quantiles."""
    points = profile.quantiles["brightness"]
    mean = sum(points) / len(points)
    return math.sqrt(sum((point - mean) ** 2 for point in points) / len(points))


def _mean_image(reference: Profile, new: Profile) -> Measure | None:
    """Cohen's d of the pixels of the mean images (Cohen, Statistical Power Analysis, 1988): the root of
    its mean square. None where too few images have a mean that shows none of them, or shapes differ.
    """
    a, b = reference.means, new.means
    if a.all is None or b.all is None or a.shape != b.shape:
        return None
    variance = max((a.variance + b.variance) / 2, 1e-9)
    square = sum((x - y) ** 2 for x, y in zip(a.all, b.all, strict=True)) / len(a.all) / variance
    chance = CORRELATED * (1 / reference.measured + 1 / new.measured)
    return Measure("mean image", "mean_image", math.sqrt(square), math.sqrt(chance))


def stability(reference: list[int], new: list[int]) -> Measure:
    """The population stability index of class shares (Siddiqi, Credit Risk Scorecards, 2006): 0.1 is some drift, 0.25
    much. Chance: the index is distributed as chi-square, divided by the sizes (Yurdakul, Statistical Properties of
    Population Stability Index, 2018)."""
    from scipy.stats import chi2

    totals = max(sum(reference), 1), max(sum(new), 1)
    index = 0.0
    for before, now in zip(reference, new, strict=True):
        p, q = max(before / totals[0], EMPTY), max(now / totals[1], EMPTY)
        index += (p - q) * math.log(p / q)
    chance = float(chi2.ppf(1 - RARE, len(reference) - 1)) * (1 / totals[0] + 1 / totals[1])
    return Measure("class shares", "class_shares", index, chance)
