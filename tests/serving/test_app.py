"""Requests over HTTP: good ones, and what is said to bad ones."""

import json
import urllib.request
from urllib.error import HTTPError

import numpy as np
import pytest
from helpers.data import make_split
from helpers.served import CLASSES, ask, serving

IMAGES = make_split(300, 1).images


@pytest.fixture(scope="module")
def server(source, tmp_path_factory):
    from pipeline.config.schema import Params

    with serving(Params.model_validate(source[1]), tmp_path_factory.mktemp("served")) as started:
        yield started


def with_pixel(value) -> dict:
    images = IMAGES[:1].astype(object)
    images[0, 0, 0, 0] = value
    return {"inputs": images.tolist()}


def test_pictures_get_names_and_probabilities(server):
    address, champion = server
    for key in ("inputs", "instances"):
        status, answer = ask(address, {key: IMAGES.tolist()})
        assert status == 200 and len(answer["predictions"]) == len(IMAGES), "more than are looked at at a time"
    rows, expected = answer["predictions"], champion.model.model.predict(IMAGES, verbose=0)
    assert [list(row) for row in rows] == [["class", "label", "probability", "probabilities"]] * len(IMAGES)
    assert [list(row["probabilities"]) for row in rows] == [CLASSES] * len(IMAGES)
    assert np.allclose([list(row["probabilities"].values()) for row in rows], expected, atol=1e-6)
    assert [row["label"] for row in rows] == expected.argmax(axis=1).tolist()
    assert all(row["probabilities"][row["class"]] == row["probability"] for row in rows)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"inputs": [[[1, 2]]]}, "numbers in the shape (how many, 8, 8, 1); these have the shape (1, 1, 2)"),
        ({"inputs": IMAGES[0].tolist()}, "these have the shape (8, 8, 1)"),
        ({"inputs": [[1], [1, 2]]}, "inhomogeneous shape"),
        ({"inputs": []}, "these have the shape (0,)"),
        ({"inputs": {"a": [1]}}, "not all numbers"),
        ({"inputs": "hello"}, "not all numbers"),
        (with_pixel("5"), "not all numbers"),
        (with_pixel(None), "not all numbers"),
        (with_pixel(10**30), "not all numbers"),
        (with_pixel(256), "whole numbers from 0 to 255"),
        (with_pixel(-1), "whole numbers from 0 to 255"),
        (with_pixel(3.7), "whole numbers from 0 to 255"),
        (with_pixel(float("nan")), "whole numbers from 0 to 255"),
        (with_pixel(float("inf")), "whole numbers from 0 to 255"),
        ({"messages": [{"role": "user", "content": "hello"}]}, "not all numbers"),
        ({"pictures": []}, "exactly one of the input fields"),
        ([1], "Received a list"),
        (b"hello{", "valid JSON"),
        (b"", "valid JSON"),
        (b"[" * 100_000, "RecursionError"),
        (b"\xff\xfe{", "valid JSON"),
        (b'{"inputs": [' + b"1," * 5_000_000 + b"1]}", "a request has at most 8 MiB"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_request_gets_400_and_a_reason_of_one_short_line(server, body, reason):
    status, answer = ask(server[0], body)
    assert status == 400 and reason in answer["message"], answer
    assert (
        len(answer["message"]) <= 300 and "\n" not in answer["message"] and answer.keys() == {"error_code", "message"}
    )


def test_a_request_without_a_type_or_of_another_gets_a_reason_too(server):
    for body, kind in ((b"x", "text/plain"), (b"," * 10**6, "text/csv"), (b'{ "dataframe_split": {}}', None)):
        status, answer = ask(server[0], body, *filter(None, [kind]))
        assert status == 415 and answer["message"] == "send application/json with pictures as inputs or instances"


def test_what_is_not_known_here_is_not_passed_on(server):
    for path in ("/docs", "/openapi.json", "/nowhere"):
        with pytest.raises(HTTPError, match="404"):
            urllib.request.urlopen(f"{server[0]}{path}")


def test_pages_of_others_cannot_ask_under_a_name_of_their_own(server):
    for name, allowed in (("localhost", True), ("evil.example", False), ("127.0.0.1.evil.example", False)):
        request = urllib.request.Request(server[0], headers={"Host": f"{name}:{server[0].rpartition(':')[2]}"})
        try:
            assert urllib.request.urlopen(request).status == 200 and allowed
        except HTTPError as error:
            assert error.code == 403 and not allowed and "localhost alone" in json.load(error)["message"]


def test_the_page_asks_nobody_else_and_shows_names_as_they_are(server):
    response = urllib.request.urlopen(server[0])
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    text = response.read().decode()
    assert "http://" not in text and "https://" not in text and 'src="' not in text
    assert "run <code>abababab</code>" in text and '"background": 0' in text
