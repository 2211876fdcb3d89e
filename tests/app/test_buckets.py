"""The watched bucket and the stores, on a real S3 server of this machine."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import sqlalchemy as sa
import structlog

from app import backup, config, controls, preflight, work
from app.kit import Kit
from app.models import Account, Arrival, Batch
from app.stages import STAGES, buckets, folders
from app.stages.buckets import scan_bucket
from app.stages.run import settle_all
from app.states import ArrivalState, PlacementState
from app.store import Store, StoreError
from scheduler import House, jobs
from tests.app.conftest import Clock
from tests.app.factories import account, item, listing, placement, product, rendition
from tests.app.fakes import FakeMarketplace


class Bucket:
    """A bucket that somebody else fills."""

    def __init__(self, endpoint: str) -> None:
        self.name, self.endpoint = f"shoot-{uuid.uuid4().hex[:12]}", endpoint
        self.client: Any = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
        self.client.create_bucket(Bucket=self.name)

    def put(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=data)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=key)

    def keys(self) -> list[str]:
        return [found["Key"] for found in self.client.list_objects_v2(Bucket=self.name).get("Contents", [])]


@pytest.fixture
def bucket(aws: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    for name, value in {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    made = Bucket(aws)
    yield made
    made.client.close()


@pytest.fixture
def house(make_kit: Callable[..., Kit], bucket: Bucket) -> House:
    return House(make_kit(intake=(f"s3://{bucket.name}/in",), s3_endpoint=bucket.endpoint), "one")


def look(house: House, seen: set[str] | None = None) -> int:
    return scan_bucket(house.kit, house.kit.settings.intake[0], seen)


def arrivals(kit: Kit) -> list[Arrival]:
    with kit.db.reading() as session:
        return list(session.scalars(sa.select(Arrival).order_by(Arrival.id)))


def test_a_new_object_is_taken_once_and_left_where_it_is(house: House, bucket: Bucket) -> None:
    product(house.kit, "W-1")
    bucket.put("in/W-1/dial.jpg", b"a photograph")

    assert [look(house), look(house)] == [1, 0]

    [arrival] = arrivals(house.kit)
    assert (arrival.source, arrival.name, arrival.shot, arrival.state) == ("bucket", "W-1/dial.jpg", "dial", ArrivalState.WAITING)
    assert house.kit.originals.get(arrival.sha256 or "") == b"a photograph"
    assert bucket.keys() == ["in/W-1/dial.jpg"]


def test_an_overwritten_object_is_a_new_arrival_and_a_restart_takes_nothing_twice(house: House, bucket: Bucket) -> None:
    seen: set[str] = set()
    bucket.put("in/W-1/dial.jpg", b"first")
    look(house, seen)
    bucket.put("in/W-1/dial.jpg", b"retaken")

    assert [look(house, seen), look(house, seen), look(house, set())] == [1, 0, 0]
    assert [a.sha256 for a in arrivals(house.kit)] == [hashlib.sha256(data).hexdigest() for data in (b"first", b"retaken")]


def test_what_left_the_bucket_is_no_longer_remembered(house: House, bucket: Bucket) -> None:
    seen: set[str] = set()
    bucket.put("in/W-1/dial.jpg", b"first")
    look(house, seen)
    bucket.delete("in/W-1/dial.jpg")
    look(house, seen)

    assert seen == set()


def test_batches_are_by_folder_and_day(house: House, bucket: Bucket, clock: Clock) -> None:
    for name in ("W-1/dial.jpg", "W-1/side.jpg", "W-2/dial.jpg"):
        bucket.put(f"in/{name}", name.encode())
    look(house)
    clock.advance(86_400)
    bucket.put("in/W-1/box.jpg", b"box")
    look(house)

    with house.kit.db.reading() as session:
        names = list(session.scalars(sa.select(Batch.name).where(Batch.source == "bucket").order_by(Batch.id)))
    assert names == [f"{bucket.name}/in/{rest}" for rest in ("W-1 2026-11-23", "W-2 2026-11-23", "W-1 2026-11-24")]


def test_hidden_names_other_files_and_other_prefixes_are_left_alone(house: House, bucket: Bucket) -> None:
    for key in ("in/", "in/W-1/", "in/.W-1_dial.jpg", "in/.trash/W-1/dial.jpg", "in/~W-1_dial.jpg", "in/notes.txt", "inside/W-1/dial.jpg", "W-1_dial.jpg"):
        bucket.put(key, b"x")

    assert look(house) == 0
    assert arrivals(house.kit) == []


def test_odd_names_are_read(house: House, bucket: Bucket) -> None:
    names = ["W 1/größe #1?.jpg", "W-1/a%20b.jpg", "W-1/a+b=c&d.JPG"]
    for name in names:
        bucket.put(f"in/{name}", name.encode())

    assert look(house) == len(names)
    assert sorted(a.name for a in arrivals(house.kit)) == sorted(names)


def test_a_listing_longer_than_the_server_s_page_is_read_to_its_end(house: House, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "3")
    names = [f"W-1/{number}.jpg" for number in range(8)]
    for name in names:
        bucket.put(f"in/{name}", b"x")
    assert len(bucket.keys()) == 3

    assert [look(house), look(house)] == [8, 0]
    assert [a.name for a in arrivals(house.kit)] == names


def test_what_is_too_big_is_said_and_keeps_no_other_from_being_taken(house: House, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MOST_BYTES", 10)
    bucket.put("in/W-1/a.jpg", b"much too big")
    bucket.put("in/W-1/b.jpg", b"small")

    with pytest.raises(StoreError, match=r"W-1/a\.jpg: .* is over"):
        look(house)
    assert [a.name for a in arrivals(house.kit)] == ["W-1/b.jpg"]


def test_an_object_that_changes_between_listing_and_reading_is_left_for_the_next_look(house: House, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.put("in/W-1/dial.jpg", b"first")
    bucket.put("in/W-1/side.jpg", b"going")
    get = buckets.obstore.get

    def late(store: Any, name: str) -> Any:
        bucket.put("in/W-1/dial.jpg", b"other")
        bucket.delete("in/W-1/side.jpg")
        return get(store, name)

    with monkeypatch.context() as patch:
        patch.setattr(buckets.obstore, "get", late)
        assert look(house) == 0

    assert look(house) == 1
    assert [a.sha256 for a in arrivals(house.kit)] == [hashlib.sha256(b"other").hexdigest()]


def test_two_entries_that_overlap_take_an_object_once(make_kit: Callable[..., Kit], bucket: Bucket) -> None:
    kit = make_kit(intake=(f"s3://{bucket.name}", f"s3://{bucket.name}/in/"), s3_endpoint=bucket.endpoint)
    bucket.put("in/W-1/dial.jpg", b"x")
    bucket.put(f"in/W-1/{'long' * 200}.jpg", b"y")

    assert [scan_bucket(kit, place) for place in (*kit.settings.intake, *kit.settings.intake)] == [2, 0, 0, 0]


def test_the_job_takes_and_says_trouble_on_every_page_until_it_is_over(house: House, bucket: Bucket) -> None:
    bucket.put("in/W-1//dial.jpg", b"an empty part in its name")
    with structlog.testing.capture_logs() as lines:
        jobs.look_into_buckets(house)
        jobs.look_into_buckets(house)
    assert [line["event"] for line in lines] == ["watched buckets"]
    with house.kit.db.reading() as session:
        [banner] = [text for text in controls.banners(session) if "bucket" in text]
    assert "in/W-1//dial.jpg" in banner

    bucket.delete("in/W-1//dial.jpg")
    bucket.put("in/W-1/dial.jpg", b"better")
    jobs.look_into_buckets(House(house.kit, "after a restart"))
    with house.kit.db.reading() as session:
        assert [text for text in controls.banners(session) if "bucket" in text] == []
    assert [a.name for a in arrivals(house.kit)] == ["W-1/dial.jpg"]
    assert jobs.look_into_buckets in {job.run for job in jobs.JOBS}


def test_a_bucket_that_is_not_there_stops_no_other(make_kit: Callable[..., Kit], bucket: Bucket) -> None:
    kit = make_kit(intake=("s3://never-made/in", f"s3://{bucket.name}/in"), s3_endpoint=bucket.endpoint)
    bucket.put("in/W-1/dial.jpg", b"x")

    one = House(kit, "one")
    with structlog.testing.capture_logs() as lines:
        jobs.look_into_buckets(one)
        jobs.look_into_buckets(one)

    assert [line["event"] for line in lines] == ["taken from bucket", "watched buckets"]
    assert len(arrivals(kit)) == 1
    with kit.db.reading() as session:
        [banner] = [text for text in controls.banners(session) if "bucket" in text]
    assert "s3://never-made/in" in banner
    assert "404 Not Found" in banner

    kit.settings = kit.settings.model_copy(update={"intake": ()})
    jobs.look_into_buckets(House(kit, "told of other buckets"))
    with kit.db.reading() as session:
        assert [text for text in controls.banners(session) if "bucket" in text] == []


@pytest.mark.parametrize("place", ["gs://bucket/in", "s3://", "file:///shoot"])
def test_a_place_that_nobody_would_look_into_is_refused_at_start(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKSHOT_INTAKE", f"var/intake,{place}")

    with pytest.raises(config.ConfigError, match="PACKSHOT_INTAKE"):
        config.load()


# --- the stores on S3 -------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(bucket: Bucket) -> Store:
    return Store(f"s3://{bucket.name}/originals", s3_endpoint=bucket.endpoint)


def test_a_store_on_s3_keeps_and_gives_back(store: Store, bucket: Bucket) -> None:
    digest = store.put(b"bytes")

    assert digest == hashlib.sha256(b"bytes").hexdigest()
    assert store.get(digest) == b"bytes"
    assert (store.has(digest), store.has("0" * 64)) == (True, False)
    assert store.names() == [f"{digest[:2]}/{digest[2:4]}/{digest}"]
    assert bucket.keys() == [f"originals/{digest[:2]}/{digest[2:4]}/{digest}"]
    store.check()


def test_the_same_bytes_twice_are_one_object_on_s3(store: Store) -> None:
    assert store.put(b"same") == store.put(b"same")
    assert len(store.names()) == 1


def test_what_is_whole_on_s3_is_not_written_again_and_what_was_cut_off_is(store: Store, bucket: Bucket) -> None:
    store.put(b"first", "name.jpg")
    store.put(b"other", "name.jpg")
    assert store.read("name.jpg") == b"first"

    digest = store.put(b"whole")
    bucket.put(f"originals/{digest[:2]}/{digest[2:4]}/{digest}", b"wh")
    store.put(b"whole")
    assert store.get(digest) == b"whole"


def test_a_damaged_object_on_s3_is_refused(store: Store, bucket: Bucket) -> None:
    digest = store.put(b"whole")
    bucket.put(f"originals/{store.names()[0]}", b"hole")

    with pytest.raises(StoreError, match="damaged"):
        store.get(digest)


def test_an_object_that_is_not_on_s3_is_named(store: Store) -> None:
    with pytest.raises(StoreError, match=r"s3://.*/originals: 00/00/0{64} is not there"):
        store.get("0" * 64)


# --- the media store on S3 --------------------------------------------------------------------------------------------------

JPEG, PNG = b"\xff\xd8\xff a finished picture", b"\x89PNG\r\n\x1a\n a finished picture"


@pytest.mark.parametrize(("data", "kind"), [(JPEG, "image/jpeg"), (PNG, "image/png")])
def test_media_on_s3_carry_their_type_and_may_be_kept_for_ever(bucket: Bucket, make_kit: Callable[..., Kit], data: bytes, kind: str) -> None:
    kit = make_kit(media_store_url=f"s3://{bucket.name}/media", media_base_url="https://d111.cloudfront.example", s3_endpoint=bucket.endpoint)

    address = kit.media.publish(data)
    assert address is not None
    key = address.removeprefix("https://d111.cloudfront.example/")
    assert bucket.keys() == [key], "a distribution that leads to the bucket finds it at the very path of the address"
    told = bucket.client.get_object(Bucket=bucket.name, Key=key)
    assert (told["ContentType"], told["CacheControl"]) == (kind, "public, max-age=31536000, immutable")
    assert kit.media.publish(data) == address


def test_media_that_an_older_version_kept_without_their_type_are_mended(bucket: Bucket, make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(media_store_url=f"s3://{bucket.name}/media", media_base_url="https://d111.cloudfront.example", s3_endpoint=bucket.endpoint)
    key = f"media/{kit.media.name(hashlib.sha256(JPEG).hexdigest())}"
    bucket.client.put_object(Bucket=bucket.name, Key=key, Body=JPEG)

    kit.media.publish(JPEG)

    told = bucket.client.get_object(Bucket=bucket.name, Key=key)
    assert (told["ContentType"], told["Body"].read()) == ("image/jpeg", JPEG)


def test_media_that_are_restored_into_a_bucket_carry_their_type(kit: Kit, bucket: Bucket, make_kit: Callable[..., Kit], tmp_path: Path) -> None:
    kit.media.publish(JPEG)
    backup.backup(kit, tmp_path / "kept.tar.gz")
    other = make_kit(var=tmp_path / "other", media_store_url=f"s3://{bucket.name}/media", s3_endpoint=bucket.endpoint)

    backup.restore(other, tmp_path / "kept.tar.gz", force=True)

    told = bucket.client.get_object(Bucket=bucket.name, Key=f"media/{kit.media.store.names()[0]}")
    assert (told["ContentType"], told["CacheControl"]) == ("image/jpeg", "public, max-age=31536000, immutable")


def test_amazon_is_told_the_bucket_where_its_role_reads_it(bucket: Bucket, make_kit: Callable[..., Kit]) -> None:
    base = f"s3://{bucket.name}/media"
    kit = make_kit(media_store_url=base, media_base_url=base, s3_endpoint=bucket.endpoint)

    address = kit.media.publish(JPEG)

    assert address == f"{base}/{kit.media.name(hashlib.sha256(JPEG).hexdigest())}"
    assert bucket.keys() == [address.removeprefix(f"s3://{bucket.name}/")]
    assert kit.reach.picture(JPEG, kit.now(), practice=False).trouble is None
    assert kit.reach.base(kit.now(), practice=False).trouble is None


def test_a_picture_that_is_gone_from_the_bucket_is_missed_before_it_is_sent(bucket: Bucket, make_kit: Callable[..., Kit]) -> None:
    base = f"s3://{bucket.name}/media"
    kit = make_kit(media_store_url=base, media_base_url=base, s3_endpoint=bucket.endpoint)

    assert "is not there" in (kit.reach.picture(JPEG, kit.now(), practice=False).trouble or "")


def test_a_bucket_that_is_not_there_is_said_in_words(make_kit: Callable[..., Kit], bucket: Bucket) -> None:
    kit = make_kit(media_store_url="s3://never-made/media", media_base_url="s3://never-made/media", s3_endpoint=bucket.endpoint)

    assert "s3://never-made/media" in (preflight.look_at(kit, practice=False).trouble or "")


def test_a_push_to_amazon_names_the_object_and_the_bytes_are_there_for_others(bucket: Bucket, make_kit: Callable[..., Kit]) -> None:
    base = f"s3://{bucket.name}/media"
    kit, market = make_kit(media_store_url=base, media_base_url=base, s3_endpoint=bucket.endpoint), FakeMarketplace()
    kit.connect = market.connect  # type: ignore[method-assign,assignment]
    of = product(kit, "W-1")
    for key in ("amazon-uk:main", "ebay-uk:main"):
        on = account(kit, key)
        with kit.db.writing() as session:
            session.get_one(Account, on.id).practice = False
        listing(kit, of, on)
        dial = item(kit, of)
        placement(kit, dial, on, rendition(kit, dial, data=JPEG), "main", PlacementState.APPROVED)
    with kit.db.writing() as session:
        work.wake(session, "want", of.id, at=kit.now())
    settle_all(kit, {"want": STAGES["want"], "publish": STAGES["publish"]})

    assert len(market.writes) == 2
    for offer in market.writes:
        [picture] = offer.pictures
        assert picture.url is not None
        assert (picture.url.rpartition("/")[0], picture.data()) == (base, JPEG)
        assert bucket.client.get_object(Bucket=bucket.name, Key=picture.url.removeprefix(f"s3://{bucket.name}/"))["Body"].read() == JPEG
