"""Words beside the product, and none on it: drawn pictures, read by the true reader of the extra `ocr`."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import rules
from imaging import FACTS, MEASURE_VERSION, measure, words
from imaging.errors import ImagingError
from imaging.facts import FACTS_VERSION, Box
from tests.planted import jpeg, overlap

reads = pytest.mark.skipif(not words.INSTALLED, reason="the extra `ocr` is not installed: words are not read")


def watch(*texts: tuple[tuple[int, int], str, int, tuple[int, int, int]]) -> tuple[bytes, Box]:
    """A dark watch with words on its dial, on white, with more words; and the box of the last."""
    image = Image.new("RGB", (1000, 1000), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((420, 120, 580, 880), fill=(70, 50, 40))
    pen.ellipse((300, 300, 700, 700), fill=(90, 92, 96))
    pen.ellipse((330, 330, 670, 670), fill=(20, 24, 40))
    pen.text((410, 400), "SOLANE", fill="white", font=ImageFont.load_default(size=48))
    pen.text((400, 560), "100 m automatic", fill="white", font=ImageFont.load_default(size=24))
    box = (0, 0, 0, 0)
    for at, text, size, ink in texts:
        font = ImageFont.load_default(size=size)
        pen.text(at, text, fill=ink, font=font)
        left, top, right, bottom = pen.textbbox(at, text, font=font)
        box = round(left), round(top), round(right), round(bottom)
    return jpeg(np.asarray(image)), box


def test_the_reader_is_there_where_its_tests_are_required() -> None:
    assert words.INSTALLED or not os.environ.get("CI"), "requirements-dev.lock installs the extra `ocr`"


@reads
def test_words_on_the_dial_are_none_of_the_picture() -> None:
    facts = measure(watch()[0], search_words=True).facts

    assert facts["text_outside"] == 0
    assert facts["text_words"] == ""


@reads
def test_words_beside_the_watch_are_read_and_shown() -> None:
    data, box = watch(((60, 60), "SALE -20%", 40, (200, 30, 30)))

    measured = measure(data)

    assert str(measured.facts["text_words"]).replace(" ", "") == "SALE-20%"
    assert measured.facts["text_outside"] == 6
    assert overlap(measured.regions["text_words"], box) >= 0.5
    told = rules.judge(rules.load(FACTS), "amazon", measured.facts, rules.Scope("amazon-uk", "GB", "watch", "main", "new"), measured.regions)
    assert [finding.region for finding in told if finding.rule == "amazon-main-text"] == [measured.regions["text_words"]]


@reads
def test_a_watermark_across_the_watch_counts() -> None:
    data, _ = watch(((120, 740), "example watches", 100, (190, 190, 190)))

    assert int(measure(data, search_words=True).facts["text_outside"] or 0) >= 5


@reads
def test_nothing_is_read_where_nothing_stands_beside_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_ask", lambda *_, **__: pytest.fail("the reader was asked"))

    assert measure(watch()[0]).facts["text_outside"] == 0


def test_without_the_extra_nobody_says_there_are_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "INSTALLED", False)
    data, _ = watch(((60, 60), "SALE -20%", 40, (200, 30, 30)))

    facts = measure(data, search_words=True).facts

    assert facts["text_outside"] is None
    assert facts["text_words"] is None
    assert words.words_reader() is None


def test_a_reader_that_does_not_work_is_said_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise OSError("no such model")

    monkeypatch.setattr(words, "INSTALLED", True)
    monkeypatch.setattr(words, "_reader", broken)

    with pytest.raises(ImagingError, match=r"rapidocr does not work \(OSError: no such model\); install `packshot\[ocr\]` again"):
        measure(watch()[0], search_words=True)


def test_facts_taken_without_the_extra_are_of_another_measure_version() -> None:
    assert MEASURE_VERSION == 10 * FACTS_VERSION + words.INSTALLED


@reads
def test_the_reader_reads_what_is_drawn_for_it() -> None:
    assert str(words.words_reader()).startswith("rapidocr ")
