"""The queue of the watched buckets' events, on a real SQS and S3 server of this machine."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest
import sqlalchemy as sa

from app import config, controls
from app.kit import Kit
from app.models import Arrival
from app.stages import bucket_events
from app.stages.bucket_events import Named, objects_of
from app.stages.buckets import scan_bucket
from app.store import StoreError
from scheduler import House, jobs

PHOTO = b"\xff\xd8\xff\xe0 a photograph"


def event(bucket: str, key: str, name: str = "ObjectCreated:Put") -> dict[str, Any]:
    """As S3 writes it: the key is quoted like a form field."""
    return {"Records": [{"eventSource": "aws:s3", "eventName": name, "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 1}}}]}


def by_sns(told: dict[str, Any]) -> dict[str, Any]:
    return {"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:shoot", "Message": json.dumps(told)}


def by_eventbridge(bucket: str, key: str) -> dict[str, Any]:
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": {"bucket": {"name": bucket}, "object": {"key": key}}}


class Studio:
    """A bucket and the queue that its events go to."""

    def __init__(self, endpoint: str) -> None:
        name = f"shoot-{uuid.uuid4().hex[:12]}"
        self.name, self.endpoint = name, endpoint
        self.s3: Any = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
        self.sqs: Any = boto3.client("sqs", endpoint_url=endpoint, region_name="us-east-1")
        self.s3.create_bucket(Bucket=name)
        made: str = self.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
        self.queue = f"{endpoint}/{made.partition('://')[2].partition('/')[2]}"

    def put(self, key: str) -> None:
        self.s3.put_object(Bucket=self.name, Key=key, Body=PHOTO + key.encode())

    def say(self, told: dict[str, Any] | str) -> None:
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=told if isinstance(told, str) else json.dumps(told))

    def waiting(self) -> int:
        said = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["ApproximateNumberOfMessages"])
        return int(said["Attributes"]["ApproximateNumberOfMessages"])


@pytest.fixture
def studio(aws: str, monkeypatch: pytest.MonkeyPatch) -> Studio:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    return Studio(aws)


@pytest.fixture
def house(studio: Studio, make_kit: Callable[..., Kit]) -> House:
    return House(make_kit(intake=(f"s3://{studio.name}/inbox",), s3_endpoint=studio.endpoint, intake_sqs_url=studio.queue), "tests")


def names(kit: Kit) -> list[str]:
    with kit.db.reading() as session:
        return list(session.scalars(sa.select(Arrival.name).order_by(Arrival.id)))


def banner(kit: Kit) -> str:
    with kit.db.reading() as session:
        return " ".join(controls.banners(session))


def test_an_object_that_the_queue_names_is_taken_once_however_often_it_is_named_or_listed(studio: Studio, house: House) -> None:
    studio.put("inbox/W-1/dial 1+2.jpg")
    for told in (event(studio.name, "inbox/W-1/dial+1%2B2.jpg"), by_sns(event(studio.name, "inbox/W-1/dial+1%2B2.jpg"))):
        studio.say(told)
    studio.say(by_eventbridge(studio.name, "inbox/W-1/dial 1+2.jpg"))

    jobs.hear_of_objects(house)
    scan_bucket(house.kit, f"s3://{studio.name}/inbox")

    assert names(house.kit) == ["W-1/dial 1+2.jpg"]
    assert studio.waiting() == 0
    assert banner(house.kit) == ""


def test_what_is_none_of_ours_or_gone_or_no_photograph_is_deleted_and_nothing_is_taken(studio: Studio, house: House) -> None:
    studio.put("elsewhere/a.jpg")
    studio.put("inbox/notes.txt")
    studio.say({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": studio.name})
    for key in ("elsewhere/a.jpg", "inbox/notes.txt", "inbox/gone.jpg", "inboxes/b.jpg"):
        studio.say(event(studio.name, key))
    studio.say(event("another-bucket", "inbox/c.jpg"))
    studio.say(event(studio.name, "inbox/d.jpg", "ObjectRemoved:Delete"))

    jobs.hear_of_objects(house)

    assert names(house.kit) == []
    assert studio.waiting() == 0
    assert banner(house.kit) == ""


def test_a_message_that_says_nothing_we_know_is_told_on_the_pages_and_holds_up_no_other(studio: Studio, house: House) -> None:
    studio.put("inbox/a.jpg")
    studio.say("not json")
    studio.say(event(studio.name, "inbox/a.jpg"))

    jobs.hear_of_objects(house)

    assert names(house.kit) == ["a.jpg"]
    assert "queue needs a look" in banner(house.kit)
    assert "no event of S3" in banner(house.kit)

    jobs.hear_of_objects(house)
    assert banner(house.kit) == ""


def test_an_object_that_cannot_be_read_now_is_named_again(studio: Studio, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    studio.put("inbox/a.jpg")
    studio.say(event(studio.name, "inbox/a.jpg"))

    def down(*_: Any) -> int:
        raise StoreError("s3://shoot/inbox: a.jpg: cannot be read: 503")

    with monkeypatch.context() as broken:
        broken.setattr(bucket_events.buckets, "take_named", down)
        broken.setattr(bucket_events, "ROUNDS", 1)  # the queue of this test hides nothing
        jobs.hear_of_objects(house)
    assert (names(house.kit), studio.waiting()) == ([], 1)
    assert "cannot be read: 503" in banner(house.kit)

    jobs.hear_of_objects(house)
    assert names(house.kit) == ["a.jpg"]


def test_a_queue_that_does_not_answer_is_told(house: House, studio: Studio) -> None:
    studio.sqs.delete_queue(QueueUrl=studio.queue)

    jobs.hear_of_objects(house)

    assert studio.queue in banner(house.kit)


@pytest.mark.parametrize("body", ["", "[]", "7", '{"Records": 3}', '{"Records": [{"eventName": "ObjectCreated:Put"}]}', '{"Type": "Notification"}'])
def test_what_is_no_event_is_refused_in_words(body: str) -> None:
    with pytest.raises(ValueError, match="no event of S3"):
        list(objects_of(body))


def test_a_quoted_key_is_read_as_s3_wrote_it() -> None:
    assert list(objects_of(json.dumps(event("b", "a+b/%C3%A9t%C3%A9%2B.jpg")))) == [Named("b", "a b/été+.jpg")]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"intake_sqs_url": "nonsense", "intake": ("s3://b/p",)}, "must be the queue's URL"),
        ({"intake_sqs_url": "https://sqs.eu-west-1.amazonaws.com/1/q", "intake": ("folder",)}, "name one in PACKSHOT_INTAKE"),
    ],
)
def test_a_queue_that_cannot_work_refuses_to_start(values: dict[str, Any], why: str) -> None:
    with pytest.raises(config.ConfigError, match=f"PACKSHOT_INTAKE_SQS_URL: .*{why}"):
        config.load(**values)
