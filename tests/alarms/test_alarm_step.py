"""Alarms from the store to the outbox: one message a change, through another channel, in every form; silences and coverage."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from monitor.alarms.decide import Alarm
from monitor.alarms.step import MOST_LEARNT, AlarmCounts, watch
from monitor.alarms.trouble import Trouble
from monitor.alarms.words import told
from monitor.config import AlarmSettings, ChannelSettings, EmailChannel, FeedSettings, FeedsSettings, FileChannel, Secret, WebhookChannel
from monitor.deliveries.mime import mail_bytes
from monitor.hours import to_text
from monitor.model import Message
from monitor.store import alarms as stored
from monitor.store import feeds
from monitor.store.sqlite import SqliteStore
from monitor.store.steps import daemon_seen, daemon_started, record_event, set_fact
from tests.commands import run

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ADDRESS = "https://hooks.example/x"
HOOK = WebhookChannel(name="hook", type="webhook", url=ADDRESS, secret=Secret("whsec_x"))
DESK = FileChannel(name="desk", type="file", folder=Path("outbox"))
READERS = FileChannel(name="readers", type="file", folder=Path("readers"))


class World:
    """A store with two feeds, a clock, and an operator who listens on some channels."""

    def __init__(self, store: SqliteStore, *channels: str) -> None:
        self.store, self.now = store, NOW
        self.settings = AlarmSettings(channels=channels or ("desk", "hook"))
        self.channels: tuple[ChannelSettings, ...] = (HOOK, DESK, READERS)
        self.ids = iter(range(1000))
        settings = (FeedSettings(name="a", url="http://a.example/"), FeedSettings(name="b", url="http://b.example/"))
        feeds.sync(store, settings, FeedsSettings(), NOW - timedelta(days=60))

    def look(self, after: timedelta = timedelta(minutes=1)) -> AlarmCounts:
        self.now += after
        made = watch(
            store=self.store, clock=lambda: self.now, new_id=lambda: f"id-{next(self.ids)}", settings=self.settings, channels=self.channels
        )
        return asyncio.run(made)

    def fail(self, times: int, feed: str = "a") -> None:
        with self.store.write():
            sql = "update feeds set fail_count = :n, failing_since_at = :at, error = 'no answer' where name = :feed"
            self.store.run(sql, n=times, at=self.now if times else None, feed=feed)

    def going(self) -> list[tuple[str, str, str]]:
        sql = "select m.form, d.destination, m.subject from messages m join deliveries d on d.message_id = m.id"
        rows = self.store.all(f"{sql} where m.kind = 'alarm' order by m.id, d.id")
        return [(row["form"], row["destination"], row["subject"]) for row in rows]

    def failing_delivery(self, attempts: int, state: str = "pending") -> None:
        with self.store.write():
            message = self.store.one(
                "insert into messages(uid, form, subject, body, sha256, created_at) values (:uid, 'json', 's', :body, '', '') returning id",
                uid=f"digest-{next(self.ids)}",
                body=b"{}",
            )
            assert message is not None
            sql = """insert into deliveries(message_id, channel, destination, state, attempts, last_error, next_attempt_at, created_at)
                values (:id, 'hook', 'webhook:hook', :state, :n, 'answered 503', :now, :now)"""
            self.store.run(sql, id=message["id"], state=state, n=attempts, now=self.now)


@pytest.fixture
def world(store: SqliteStore) -> World:
    """An operator who listens on a folder and a webhook."""
    return World(store)


def test_a_failing_feed_is_told_once_to_the_operator_only(world: World) -> None:
    """After three failures one message goes to each operator channel, none to the readers; one more when it works again."""
    world.fail(2)
    world.look()
    assert world.going() == []
    world.fail(3)
    for _ in range(30):
        world.look()
    subject = "Monitor: feed a fails (3x)"
    assert sorted(world.going()) == [("file", "file:desk", subject), ("json", "webhook:hook", subject)]
    world.fail(0)
    world.look()
    world.look(after=timedelta(minutes=11))
    world.look()
    assert sorted(world.going())[1:3] == [("file", "file:desk", "Monitor: works again: feed a"), ("json", "webhook:hook", subject)]
    assert len(world.going()) == 4


def test_another_way_out_than_the_one_that_failed(world: World) -> None:
    """That a webhook fails is told through the folder; its recovery too, and by then the webhook hears it as well."""
    world.failing_delivery(3)
    world.look()
    assert [destination for _, destination, _ in world.going()] == ["file:desk"]
    with world.store.write():
        world.store.run("update deliveries set state = 'delivered', last_error = null where destination = 'webhook:hook'")
    world.look()
    world.look(after=timedelta(minutes=11))
    assert sorted(destination for _, destination, _ in world.going()) == ["file:desk", "file:desk", "webhook:hook"]


def test_case_125_a_refused_destination_is_told(world: World) -> None:
    """What was refused for good rings until a later delivery went through."""
    world.failing_delivery(1, "rejected")
    world.look()
    assert [destination for _, destination, _ in world.going()] == ["file:desk"]
    assert stored.standing(world.store)[0].subject == "delivery webhook:hook"
    world.failing_delivery(1, "delivered")
    world.look()
    world.look(after=timedelta(minutes=11))
    assert stored.standing(world.store) == ()


def test_where_the_only_way_out_fails_the_message_waits_there(store: SqliteStore) -> None:
    """With one operator channel, and that one failing, the alarm stands in its outbox for the day it works again."""
    world = World(store, "hook")
    world.failing_delivery(3)
    world.look()
    assert [destination for _, destination, _ in world.going()] == ["webhook:hook"]


def test_without_an_operator_alarms_are_kept_not_sent(store: SqliteStore) -> None:
    """Nobody to tell: the alarm stands in the database for status and doctor."""
    world = World(store, "nobody")
    world.fail(3)
    world.look()
    assert world.going() == []
    assert [alarm.subject for alarm in stored.standing(store)] == ["feed a"]


@pytest.mark.engines("sqlite")
def test_an_unchanged_look_writes_nothing(world: World) -> None:
    """While nothing changes the database rests."""
    import sqlite3

    world.fail(3)
    set_fact(world.store, "config_problem", "config.toml:4: unknown key")
    world.look()
    with sqlite3.connect(world.store.path) as other:
        for count in range(4, 9):
            world.fail(count)
            before = other.execute("pragma data_version").fetchone()
            world.look()
            assert other.execute("pragma data_version").fetchone() == before
    other.close()


def test_a_daemon_that_died_is_told_by_the_next(world: World) -> None:
    """A life that ended without a stop, and some hours until the next, is told once at its start and never called over."""
    daemon_started(world.store, "first", 1, "host", "0", NOW - timedelta(hours=9))
    daemon_seen(world.store, "first", NOW - timedelta(hours=5))
    daemon_started(world.store, "second", 2, "host", "0", NOW)
    for _ in range(100):
        world.look()
    assert len(world.going()) == 2
    assert "5 hours" in world.going()[0][2]


def speak(world: World, feed_id: int, hours: list[datetime]) -> None:
    with world.store.write():
        for hour in hours:
            stored.arrived(world.store, feed_id, 1, hour)
        sql = "update feeds set baseline_at = :begun, last_new_at = :last, last_success_at = :now where id = :id"
        world.store.run(sql, begun=NOW - timedelta(days=60), last=max(hours), now=world.now, id=feed_id)


def test_case_147_silence_is_told_and_forgotten_when_it_speaks(world: World) -> None:
    """A feed that spoke each hour and stopped two days ago is silent; the other one is not; a new item ends it. All silent: the intake is."""
    every_hour = [NOW - timedelta(hours=n) for n in range(40 * 24)]
    speak(world, 1, every_hour[48:])
    speak(world, 2, every_hour)
    world.look()
    assert [alarm.subject for alarm in stored.standing(world.store)] == ["silence a"]
    covered = stored.coverage(world.store, NOW - timedelta(days=1), NOW)
    assert covered.silent == (("a", every_hour[48]),)
    speak(world, 2, every_hour[30:])
    with world.store.write():
        world.store.run("update feeds set last_new_at = :at", at=every_hour[48])
    world.look(after=timedelta(minutes=16))
    assert {alarm.subject for alarm in stored.standing(world.store)} == {"silence a", "silence b", "intake"}
    world.now = NOW + timedelta(hours=1)
    speak(world, 1, [world.now])
    world.look(after=timedelta(minutes=16))
    assert stored.coverage(world.store, NOW, world.now).silent == (("b", every_hour[48]),)


def test_the_silence_of_many_feeds_is_learnt_in_parts(world: World) -> None:
    """However many feeds fall silent at once, one look reads the past of some; the next go on at once, and each silence is learnt once."""
    number = 2 * MOST_LEARNT + 3
    many = tuple(FeedSettings(name=f"feed-{n:02}", url=f"http://{n}.example/") for n in range(number))
    feeds.sync(world.store, many, FeedsSettings(), NOW - timedelta(days=60))
    hours = [NOW - timedelta(hours=n) for n in range(48, 60)]
    for row in world.store.all("select id from feeds where name like 'feed-%'"):
        speak(world, row["id"], hours)
    assert [world.look().learnt for _ in range(4)] == [MOST_LEARNT, MOST_LEARNT, 3, 0]
    assert [alarm.subject for alarm in stored.standing(world.store)] == ["intake"]
    assert world.look(after=timedelta(minutes=16)).learnt == 0
    world.settings = world.settings.model_copy(update={"silent_after_d": 1})
    looks = [world.look(after) for after in (timedelta(minutes=16), *[timedelta(minutes=1)] * 3)]
    assert [each.learnt for each in looks] == [MOST_LEARNT, MOST_LEARNT, 3, 0], "another patience is another question"
    standing = {alarm.subject for alarm in stored.standing(world.store)}
    assert standing == {"intake", *(f"silence {feed.name}" for feed in many)}


def test_all_hours_are_those_of_the_active_feeds(world: World) -> None:
    """The hours in which any feed spoke, each once, in order; those of feeds that are polled no more, and older ones, do not count."""
    assert stored.hours_of_all(world.store, NOW) == []
    speak(world, 1, [NOW - timedelta(hours=n) for n in (1, 5, 9)])
    speak(world, 2, [NOW - timedelta(hours=n) for n in (1, 2, 5, 50)])
    both = [NOW - timedelta(hours=n) for n in (9, 5, 2, 1)]
    assert stored.hours_of_all(world.store, NOW - timedelta(hours=20)) == both
    with world.store.write():
        world.store.run("update feeds set state = 'paused' where id = 2")
    assert stored.hours_of_all(world.store, NOW - timedelta(hours=60)) == [both[0], both[1], both[3]]


def test_a_feed_that_was_not_asked_is_not_silent(world: World) -> None:
    """After days without a poll nothing is known about its silence."""
    every_hour = [NOW - timedelta(hours=n) for n in range(40 * 24)]
    speak(world, 1, every_hour[48:])
    with world.store.write():
        world.store.run("update feeds set last_success_at = :at", at=every_hour[47])
    world.look()
    assert stored.standing(world.store) == ()


def test_coverage_tells_gaps_and_spans_without_a_daemon(world: World) -> None:
    """A digest learns which feeds may have lost items in its span, and when nobody was watching."""
    record_event(world.store, NOW - timedelta(hours=3), "feed.gap", "b", "may have missed items")
    record_event(world.store, NOW - timedelta(days=3), "feed.gap", "a", "may have missed items")
    daemon_started(world.store, "one", 1, "host", "0", NOW - timedelta(hours=20))
    daemon_seen(world.store, "one", NOW - timedelta(hours=10))
    daemon_started(world.store, "two", 2, "host", "0", NOW - timedelta(hours=2))
    daemon_seen(world.store, "two", NOW)
    covered = stored.coverage(world.store, NOW - timedelta(days=1), NOW)
    assert covered.gaps == (("b", NOW - timedelta(hours=3), 1),)
    assert covered.down == ((NOW - timedelta(hours=10), NOW - timedelta(hours=2)),)


def test_low_space_rings(world: World) -> None:
    """The mode that the daemon wrote down is told with its reason."""
    set_fact(world.store, "mode", json.dumps({"name": "low-space", "reason": "3 MiB are free", "since_at": to_text(NOW)}))
    world.look()
    assert "3 MiB are free" in stored.standing(world.store)[0].text


def alarm(text: str) -> Alarm:
    return Alarm(trouble=Trouble(subject="feed x", kind="feed.failing", text=text, since_at=NOW), seen_at=NOW, raised_at=NOW, away_at=NOW)


@pytest.mark.parametrize(
    ("kind", "subject", "event", "feed"),
    [
        ("feed.failing", "feed a", "feed.unhealthy", "a"),
        ("feed.silent", "silence a", "feed.unhealthy", "a"),
        ("feed.held", "held a", "feed.unhealthy", "a"),
        ("feeds.failing", "feeds", "feed.unhealthy", ""),
        ("disk", "disk", "alarm.raised", ""),
        ("delivery.failing", "delivery webhook:hook", "alarm.raised", ""),
    ],
)
def test_feeds_have_events_of_their_own(kind: str, subject: str, event: str, feed: str) -> None:
    """A receiver can tell feeds from the rest by the type alone, and finds the feed's name; what is over has the matching type."""
    trouble = Alarm(trouble=Trouble(subject=subject, kind=kind, text="it fails", since_at=NOW), seen_at=NOW, raised_at=NOW, away_at=NOW)
    published = Draft202012Validator(json.loads(run("digests", "schema").out))
    for over in (False, True):
        body = json.loads(told("uid-1", [trouble], over=over, now=NOW).bodies["json"])
        assert body["type"] == ({"feed.unhealthy": "feed.recovered", "alarm.raised": "alarm.cleared"}[event] if over else event)
        assert body["data"]["alarms"][0]["feed"] == feed
        published.validate(body)


def test_feeds_and_the_rest_are_two_events_and_one_mail(world: World) -> None:
    """Told in the same look, they are two bodies with two identities for a webhook, and one message for people."""
    set_fact(world.store, "config_problem", "config.toml:3: wrong")
    world.fail(3)
    world.look()
    sql = "select uid, form, body from messages where kind = 'alarm' order by id"
    rows = world.store.all(sql)
    assert [row["form"] for row in rows] == ["json", "json", "file"] or [row["form"] for row in rows] == ["file", "json", "json"]
    events = [json.loads(row["body"]) for row in rows if row["form"] == "json"]
    assert [event["type"] for event in events] == ["feed.unhealthy", "alarm.raised"]
    assert len({row["uid"] for row in rows}) == 3
    (mail,) = [json.loads(row["body"]) for row in rows if row["form"] == "file"]
    assert "feed a fails (3x): no answer" in mail["text"]
    assert "config.toml:3" in mail["text"]


@pytest.mark.parametrize("over", [False, True])
def test_every_form_is_sound(over: bool) -> None:
    """Foreign text in an alarm stays text in mail, JSON and every chat; a mail takes it as it is."""
    hostile = "feed x: <script>alert(1)</script> =?utf-8?q?Hi=0D=0ABcc:_x?= @everyone <!channel> [a](http://evil)\r\nBcc: y"
    message = told("uid-1", [alarm(hostile)], over=over, now=NOW)
    assert set(message.bodies) == {"mail", "file", "json", "slack", "discord", "telegram", "teams", "apprise"}
    found = {form: json.loads(body) for form, body in message.bodies.items()}
    assert "<script>" not in found["mail"]["html"]
    assert found["json"]["type"] == ("feed.recovered" if over else "feed.unhealthy")
    assert found["json"]["data"]["alarms"][0]["subject"] == "feed x"
    published = json.loads(run("digests", "schema").out)
    Draft202012Validator(published).validate(found["json"])
    assert "<!channel>" not in found["slack"]["text"]
    assert found["discord"]["allowed_mentions"] == {"parse": []}
    assert "parse_mode" not in found["telegram"]
    assert "\\[a\\](http" in found["teams"]["attachments"][0]["content"]["body"][0]["text"]
    body = message.bodies["mail"]
    mail = Message(
        id=1, uid="uid-1", digest_id=None, form="mail", part=1, parts=1, subject=message.subject, body=body, sha256="", created_at=NOW
    )
    assert b"\r\nBcc:" not in mail_bytes(mail, sender="monitor@example.org", recipient="ops@example.org", list_id="").split(b"\r\n\r\n")[0]


def test_a_long_alarm_fits_a_chat() -> None:
    """A hundred troubles at once stay within what a chat takes."""
    message = told("uid", [alarm("x" * 600) for _ in range(100)], over=False, now=NOW)
    assert len(json.loads(message.bodies["discord"])["content"]) <= 2000
    assert message.subject == "Monitor: 100 things do not work"


def test_one_operator_on_two_mail_channels_is_told_once(store: SqliteStore) -> None:
    """Two accounts that write to one address are one destination: the alarm goes out, and nothing fails for it."""
    world = World(store, "one", "two")
    world.channels = tuple(
        EmailChannel(name=name, type="email", host="x", sender="m@example.org", to=("op@example.org",)) for name in ("one", "two")
    )
    world.fail(3)
    world.look()
    assert [(row["channel"], row["destination"]) for row in store.all("select channel, destination from deliveries")] == [
        ("one", "mail:op@example.org")
    ]
