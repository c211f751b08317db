import numpy as np

from pipeline.data import sampling


def test_the_places_are_the_same_each_time_in_order_and_all_where_there_are_few():
    places = sampling.places(1000, 50)
    assert np.array_equal(places, sampling.places(1000, 50)) and len(set(places)) == 50
    assert (np.diff(places) > 0).all() and places[0] >= 0 and places[-1] < 1000
    assert sampling.places(7, 50).tolist() == list(range(7))


def test_blocks_are_all_images_and_none_is_large(monkeypatch):
    monkeypatch.setattr(sampling, "PIXELS", 100)
    images = np.random.default_rng(1).integers(0, 256, (11, 5, 4, 1), dtype=np.uint8)
    blocks = list(sampling.blocks(images))
    assert [len(block) for block in blocks] == [5, 5, 1] and blocks[0].dtype == np.float32
    assert np.array_equal(np.concatenate(blocks), images)
    some = np.array([2, 3, 5, 7, 9, 10])
    assert np.array_equal(np.concatenate(list(sampling.blocks(images, some))), images[some])
    assert len(list(sampling.blocks(np.zeros((2, 20, 20, 3), np.uint8)))) == 2, "one that is larger is a block"
