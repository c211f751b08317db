from helpers.data import SHIPPED

from pipeline.config.load import load
from pipeline.evaluation import cost
from pipeline.models import architectures


def test_the_cost_of_the_shipped_model():
    (train,) = load("train", path=SHIPPED)
    found = cost.cost(architectures.build((28, 28, 1), 10, train))
    assert found.parameters == 804_554
    products = 28 * 28 * 32 * 3 * 3 + 14 * 14 * 32 * 128 + 128 * 10
    assert products < found.multiply_adds < 1.05 * products, "and some sums, maxima and exponentials"
