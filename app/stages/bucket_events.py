"""intake, the watched buckets' events: an SQS queue names new objects within seconds; the listing stays the net, for events can be lost or come twice.

What Amazon's documents call the S3 event message structure, as S3 sends it, wrapped by SNS, or as EventBridge tells it:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote_plus, urlsplit

from app.kit import Kit
from app.stages import buckets
from app.stages.folders import complain
from app.store import StoreError

MOST_AT_ONCE = 10  # messages in one answer: SQS gives no more
ROUNDS = 100  # answers in one look, so that a flood leaves the other jobs their turn
NEEDS = "needs boto3: install Packshot with the extra `sqs`"


class Queue(Protocol):
    """What is used of boto3's SQS client."""

    def receive_message(self, **asked: Any) -> Mapping[str, Any]:
        """Up to ten messages, hidden from others for a while."""
        ...

    def delete_message(self, **asked: Any) -> Any:
        """One message is dealt with."""
        ...


@dataclass(frozen=True)
class Named:
    """An object that an event says was created."""

    bucket: str
    key: str


def connect(url: str) -> Queue:
    """A client for the queue's own address, its region read from there. Raises StoreError without boto3."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise StoreError(f"{url}: {NEEDS}") from None
    parts = urlsplit(url)
    region = re.match(r"sqs\.([a-z0-9-]+)\.amazonaws\.", parts.netloc)
    patience = Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": 2})
    client: Queue = boto3.client("sqs", endpoint_url=f"{parts.scheme}://{parts.netloc}", region_name=region[1] if region else None, config=patience)
    return client


def listen(kit: Kit, queue: Queue, url: str) -> int:
    """Take the objects that the waiting messages name; returns how many were new.

    A message is deleted once its objects are taken, known, gone or none of ours; one whose object cannot be read comes again by itself.
    Raises StoreError, at the end, naming what could not be read or understood, or why the queue does not answer.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    taken, problems = 0, list[str]()
    try:
        for _ in range(ROUNDS):
            messages = queue.receive_message(QueueUrl=url, MaxNumberOfMessages=MOST_AT_ONCE, WaitTimeSeconds=0).get("Messages", [])
            for message in messages:
                try:
                    taken += _take(kit, list(objects_of(message["Body"])))
                except StoreError as error:
                    problems.append(str(error))
                    continue
                except ValueError as error:  # it will not be understood the next time either, and the listing finds what it meant
                    problems.append(f"message {message['MessageId']}: {error}")
                queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            if not messages:
                break
    except (BotoCoreError, ClientError) as error:
        problems.append(str(error))
    complain(url, problems)
    return taken


def _take(kit: Kit, found: list[Named]) -> int:
    taken = 0
    for place in kit.settings.intake:
        parts = urlsplit(place)
        prefix = parts.path.strip("/")
        start = f"{prefix}/" if prefix else ""
        names = [one.key.removeprefix(start) for one in found if parts.scheme == "s3" and one.bucket == parts.netloc and one.key.startswith(start)]
        taken += buckets.take_named(kit, place, names) if names else 0
    return taken


def objects_of(body: str) -> Iterator[Named]:
    """The objects that a message says were created; none for S3's own test message and for other events. Raises ValueError: not such a message."""
    try:
        told = json.loads(body)
        if isinstance(told, dict) and told.get("Type") == "Notification":  # by way of SNS
            told = json.loads(told["Message"])
        if not isinstance(told, dict):
            raise ValueError("it is no event of S3")
        if told.get("source") == "aws.s3":  # by way of EventBridge, which writes the key as it is
            if told["detail-type"] == "Object Created":
                yield Named(str(told["detail"]["bucket"]["name"]), str(told["detail"]["object"]["key"]))
            return
        if told.get("Event") == "s3:TestEvent":
            return
        for record in told["Records"]:
            if str(record["eventName"]).startswith("ObjectCreated:"):
                yield Named(str(record["s3"]["bucket"]["name"]), unquote_plus(str(record["s3"]["object"]["key"])))
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"it is no event of S3 ({type(error).__name__}: {error})") from None
