"""Requests over HTTP: good ones, and what is said to bad ones."""

import base64
import io
import json
import urllib.request
from urllib.error import HTTPError

import numpy as np
import pytest
from helpers.data import make_split
from helpers.served import CLASSES, ask, serving
from PIL import Image

from pipeline.data.appearance import Appearance
from pipeline.serving import answers, app
from pipeline.serving.inputs import Input

FILE = "application/octet-stream"
IMAGES = make_split(300, 1).images


@pytest.fixture(scope="module")
def server(source):
    from pipeline.config.schema import Params

    with serving(Params.model_validate(source[1])) as started:
        yield started


def with_pixel(value) -> dict:
    images = IMAGES[:1].astype(object)
    images[0, 0, 0, 0] = value
    return {"inputs": images.tolist()}


def test_pictures_get_names_and_probabilities(server):
    address, classifier = server
    for key in ("inputs", "instances"):
        status, answer = ask(address, {key: IMAGES.tolist()})
        assert status == 200 and len(answer["predictions"]) == len(IMAGES), "more than are looked at at a time"
    rows, expected = answer["predictions"], classifier.model.predict(IMAGES, verbose=0)
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


def encoded(image: np.ndarray, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind)
    return file.getvalue()


def test_a_picture_in_a_file_is_answered_as_predict_does(server):
    address, classifier = server
    photo = encoded(255 - np.kron(IMAGES[0, ..., 0], np.ones((9, 9), np.uint8)), "WEBP")
    for way, as_is in (("pictures", False), ("pictures?as-is", True)):
        status, answer = ask(address, photo, FILE, way)
        asked = classifier._replace(appearance=Appearance()) if as_is else classifier
        (expected,) = asked.answers([Input("-", content=photo)])
        image = Image.open(io.BytesIO(base64.b64decode(answer.pop("image").partition(",")[2])))
        assert status == 200 and np.array_equal(np.asarray(image), expected.image[..., 0])
        assert answer == answers.as_dict(expected, CLASSES) and ("inverted" in answer["note"]) != as_is


@pytest.mark.parametrize(
    ("body", "kind", "status", "reason"),
    [
        (b"x", FILE, 400, "the picture is no PNG, JPEG, WebP or NPY picture"),
        (b"", FILE, 400, "the picture is no PNG, JPEG, WebP or NPY picture"),
        (encoded(IMAGES[0, ..., 0])[:-60], FILE, 400, "the picture cannot be decoded: "),
        (bytes(app.LARGEST_FILE + 1), FILE, 400, "a request has at most 64 MiB; scale the picture"),
        (encoded(IMAGES[0, ..., 0]), "image/png", 415, "send a picture as application/octet-stream"),
        (encoded(IMAGES[0, ..., 0]), "text/plain", 415, "send a picture as application/octet-stream"),
    ],
    ids=["no picture", "nothing", "cut off", "too large", "png", "text"],
)
def test_what_is_no_picture_gets_a_reason(server, body, kind, status, reason):
    given, answer = ask(server[0], body, kind, "pictures")
    assert given == status and answer["message"].startswith(reason) and "\n" not in answer["message"]


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
    assert "Version 1 of quadrants, from run <code>abababab</code>" in text
    assert "<b>C</b>" not in text and json.dumps("Bücher 本") in text
