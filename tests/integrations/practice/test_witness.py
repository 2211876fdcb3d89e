"""The witness, the page and the hidden judge."""

import base64
from pathlib import Path

import pytest
import requests
import yaml

from integrations.practice import PracticeServer, judge, pictures
from integrations.practice.config import HIDDEN, load_hidden
from tests.integrations.practice import clients
from tests.integrations.practice.drawn import Media, finished


def seed(practice: PracticeServer, **more: object) -> dict[str, object]:
    answer: dict[str, object] = practice.witness("listings", **{"marketplace": "ebay-uk", "seller": "SELLER", "sku": "W", "title": "A <b>watch</b>", **more})
    return answer


def test_seeding_twice_is_one_listing(practice: PracticeServer) -> None:
    first, second = seed(practice), seed(practice)

    assert first["external_id"] == second["external_id"]
    assert (first["created"], second["created"]) == (True, False)


def test_seeded_pictures_are_shown_at_once_and_can_be_swapped_by_another(practice: PracticeServer) -> None:
    item_id = seed(practice, pictures={"main": base64.b64encode(finished()).decode()})["external_id"]
    before = practice.witness("listings")[0]["pictures"]["main"]["url"]

    practice.witness("act", do="swap", marketplace="ebay-uk", external_id=item_id, picture=base64.b64encode(finished(seed=9)).decode())

    after = practice.witness("listings")[0]["pictures"]["main"]["url"]
    assert before != after
    assert requests.get(after, timeout=10).status_code == 200


@pytest.mark.parametrize(("do", "status"), [("end", "ended"), ("remove", "removed")])
def test_levers_end_a_listing(practice: PracticeServer, do: str, status: str) -> None:
    item_id = seed(practice)["external_id"]

    practice.witness("act", do=do, marketplace="ebay-uk", external_id=item_id)

    assert practice.witness("listings")[0]["status"] == status


def test_the_page_shows_listings_and_escapes_what_sellers_write(practice: PracticeServer) -> None:
    seed(practice, pictures={"main": base64.b64encode(finished()).decode()})

    page = requests.get(f"{practice.url}/practice", timeout=10).text

    assert "A &lt;b&gt;watch&lt;/b&gt;" in page
    assert "/images/g/" in page


def test_the_witness_answers_only_this_machine(practice: PracticeServer) -> None:
    client = practice.app.test_client()

    assert client.get("/practice/api/listings", environ_overrides={"REMOTE_ADDR": "192.0.2.7"}).status_code == 403


@pytest.mark.parametrize("read", [{"marketplace": "amazon-mars"}, {"title": ""}, {"pictures": {"main": "bm90IGEgcGljdHVyZQ=="}}])
def test_a_seed_that_makes_no_sense_is_refused(practice: PracticeServer, read: dict[str, object]) -> None:
    with pytest.raises(requests.HTTPError, match="422"):
        seed(practice, **read)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "http://192.0.2.1/a.jpg", "ftp://127.0.0.1/a.jpg", "http:///a.jpg", "s3://bucket/key"])
def test_pictures_come_from_loopback_only(url: str) -> None:
    hidden = load_hidden()

    assert not pictures.reachable(url, hidden.timing)
    with pytest.raises(pictures.PictureError):
        pictures.download(url, hidden.amazon.picture, hidden.timing)


def test_a_body_too_large_or_too_slow_is_given_up(media: Media) -> None:
    hidden = load_hidden()
    limits, timing = hidden.amazon.picture.model_copy(update={"limit_bytes": 1000}), hidden.timing.model_copy(update={"fetch": 0.3})

    with pytest.raises(pictures.PictureError, match="larger"):
        pictures.download(media.url("big", bytes(100_000)), limits, hidden.timing)
    with pytest.raises(pictures.PictureError) as slow:
        pictures.download(f"{media.base}/drip", hidden.amazon.picture, timing)
    assert slow.value.code == "ImageReadTimeOut"


@pytest.mark.parametrize("size", [600, 1000, 1600, 2000])
@pytest.mark.parametrize("position", ["main", "alt1", "offer_main"])
def test_good_pictures_break_no_hidden_rule(size: int, position: str) -> None:
    hidden = load_hidden()
    facts = judge.measure(finished(size))

    assert judge.broken(hidden.amazon.rules, facts, position) == []
    assert judge.broken(hidden.ebay.rules, facts, position) == []


@pytest.mark.parametrize("background", [60, 150, 255])
def test_the_paper_that_a_photo_was_taken_on_is_no_added_frame(background: int) -> None:
    assert judge.measure(finished(background=background, fill=0.6))["frame_share"] == 0
    assert judge.measure(finished(background=background, fill=0.6, frame=True))["frame_share"] == 1


def test_the_judge_counts_and_guesses() -> None:
    facts = judge.measure(finished(1000, fill=0.5))

    assert facts["fill"] == pytest.approx(0.5, abs=0.01)
    assert facts["quality"] == 92
    assert facts["longest_side"] == 1000
    assert facts["text_pieces"] == 0
    assert judge.measure(finished(1000, text=True))["text_pieces"] >= 6


def test_a_complaint_with_a_grace_is_at_risk_first_and_suppressed_later(tmp_path: Path, media: Media) -> None:
    hidden = yaml.safe_load(HIDDEN.read_text())
    for rule in hidden["amazon"]["rules"]:
        rule["exempt_seconds"] = 100.0
    changed = tmp_path / "hidden.yaml"
    changed.write_text(yaml.safe_dump(hidden))

    with PracticeServer(hidden=changed) as practice:
        practice.witness("listings", marketplace="amazon-uk", seller="SELLER", sku="W", title="A watch")
        api = clients.amazon(practice.url)
        api.patch_listings_item(
            "SELLER", "W", marketplaceIds=clients.UK, body=clients.pictures_patch(main_product_image_locator=media.url("a.jpg", finished(blur=5)))
        )
        statuses, exemptions = [], []
        for seconds in (10, 99, 2):
            practice.advance(seconds)
            statuses.append(practice.witness("listings")[0]["status"])
            issue = api.get_listings_item("SELLER", "W", marketplaceIds=clients.UK, includedData="issues").payload["issues"][0]
            exemptions.append(issue["enforcements"]["exemption"]["status"])

    assert statuses == ["at_risk", "at_risk", "suppressed"]
    assert exemptions == ["EXEMPT_UNTIL_EXPIRY_DATE", "EXEMPT_UNTIL_EXPIRY_DATE", "NOT_EXEMPT"]


@pytest.mark.parametrize("data", [b"", b"GIF89a", finished(600)[:3000], b"<svg/>", b"\x89PNG\r\n\x1a\n" + bytes(64), b"\xff\xd8\xff\xe0" + bytes(200)])
def test_a_file_that_is_no_picture_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(pictures.PictureError, match="not a picture") as refused:
        pictures.take(data, load_hidden().amazon.picture)
    assert refused.value.code == "InvalidFileFormat"


def test_an_effect_that_fails_waits_and_the_others_happen(practice: PracticeServer, media: Media, monkeypatch: pytest.MonkeyPatch) -> None:
    api = clients.amazon(practice.url)
    for sku in ("BAD", "GOOD"):
        practice.witness("listings", marketplace="amazon-uk", seller="SELLER", sku=sku, title="A watch")
        picture = media.url(f"{sku}.jpg", finished())
        api.patch_listings_item("SELLER", sku, marketplaceIds=clients.UK, body=clients.pictures_patch(main_product_image_locator=picture))
    download = pictures.download

    def failing(url: str, *args: object) -> bytes:
        if url.endswith("BAD.jpg"):
            raise RuntimeError("disk on fire")
        return download(url, *args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(pictures, "download", failing)
        practice.advance(2)
    early = {listing["sku"]: list(listing["pictures"]) for listing in practice.witness("listings")}
    practice.advance(60)
    late = {listing["sku"]: list(listing["pictures"]) for listing in practice.witness("listings")}

    assert early == {"BAD": [], "GOOD": ["main"]}
    assert late == {"BAD": ["main"], "GOOD": ["main"]}
