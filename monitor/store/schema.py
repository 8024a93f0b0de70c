"""The schema as named migrations, in order. Applied once each, in one transaction each, on every engine; never edited after a release.

Placeholders `{key}` `{int}` `{real}` `{blob}` `{time}` `{strict}` `{listed}` stand for what differs between engines.
Due times are NULL where nothing is due. Columns that end in `_at` hold fixed-width UTC text (hours.to_text), `_json` hold JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the schema. `searchable` names tables whose column `folded` gets a full-text index."""

    name: str
    sql: str
    searchable: tuple[str, ...] = ()

    def statements(self, dialect: Mapping[str, str]) -> list[str]:
        """The step's statements in an engine's dialect."""
        text = self.sql
        for word, form in dialect.items():
            text = text.replace("{" + word + "}", form)
        return [statement.strip() for statement in text.split(";\n") if statement.strip()]


_DAEMON = """
create table meta(name text primary key, value text not null) {strict};

create table steps(
  name text primary key, started_at {time}, finished_at {time}, ok_at {time}, counts_json text, error text) {strict};

create table daemons(
  id text primary key, pid {int} not null, host text not null, version text not null,
  started_at {time} not null, seen_at {time} not null, stopped_at {time}) {strict};

create table events(
  id {key}, happened_at {time} not null, kind text not null, subject text not null, detail text not null) {strict};

create index events_time on events(happened_at);
"""

_FEEDS = """
create table sites(
  id {key}, host text not null unique, due_at {time}, owner text, blocked_until_at {time}, block_reason text,
  next_request_at {time}, robots text, robots_at {time}, created_at {time} not null) {strict};

create index sites_due on sites(due_at);

create table feeds(
  id {key}, site_id {int} not null references sites(id), name text not null unique, url text not null, lang text not null default '',
  state text not null default 'active' check(state in ('active', 'paused', 'gone', 'removed')),
  moved_url text, moved_since_at {time}, moved_count {int} not null default 0,
  etag text, last_modified text, body_hash text, title text not null default '',
  interval_s {int} not null, next_poll_at {time}, last_polled_at {time}, last_success_at {time}, last_new_at {time}, baseline_at {time},
  fail_count {int} not null default 0, failing_since_at {time}, error_kind text, error text, note text not null default '',
  polls {int} not null default 0, created_at {time} not null) {strict};

create index feeds_due on feeds(site_id, next_poll_at);
"""

_ARTICLES = """
create table articles(
  id {key}, site_id {int} references sites(id), url_key text not null unique, url text not null,
  canonical_url text not null default '', canonical_key text,
  title text not null default '', summary text not null default '', author text not null default '', publisher text not null default '',
  lang text not null default '', lang_source text not null default '',
  published_at {time}, first_seen_at {time} not null, fetched_at {time},
  state text not null default 'pending' check(state in ('pending', 'done', 'failed', 'dead')),
  kind text not null default '', text_source text not null default 'feed', http_status {int}, error_kind text, error text,
  attempts {int} not null default 0, strikes {int} not null default 0, next_read_at {time},
  text_hash text not null default '', sketch {blob}, sketch_size {int} not null default 0, copy_of {int} references articles(id),
  quiet {int} not null default 0, matched_rev {int} not null default 0) {strict};

create index articles_reading on articles(site_id, next_read_at);

create index articles_matching on articles(matched_rev, id);

create index articles_canonical on articles(canonical_key);

create index articles_seen on articles(first_seen_at);

create table texts(article_id {key} references articles(id), text text not null, folded text not null) {strict};

create table sketch_values(value {int} not null, article_id {int} not null references articles(id), primary key(value, article_id)) {strict};

create table entries(
  id {key}, feed_id {int} not null references feeds(id), key text not null, article_id {int} not null references articles(id),
  guid text not null, url text not null, url_key text not null, title text not null, summary text not null, author text not null,
  lang text not null, published_at {time}, published_raw text not null, content_hash text not null,
  revision {int} not null default 1, first_seen_at {time} not null, revised_at {time}, unique(feed_id, key)) {strict};

create index entries_url on entries(feed_id, url_key);

create index entries_article on entries(article_id);
"""

_HITS = """
create table watchlist_versions(
  id {key}, watchlist text not null, title text not null, digest text not null, engine text not null, source_json text not null,
  rev {int} not null, created_at {time} not null, unique(watchlist, digest, engine)) {strict};

create table hits(
  id {key}, watchlist text not null, article_id {int} not null references articles(id),
  version_id {int} not null references watchlist_versions(id),
  band text not null check(band in ('alert', 'review')), score {real} not null, quiet {int} not null default 0,
  verdict_json text not null, text_hash text not null, created_at {time} not null, revised_at {time},
  story_id {int}, novelty text, delta_json text, joined_json text, unique(watchlist, article_id)) {strict};

create index hits_story on hits(story_id);

create index hits_created on hits(created_at);

create index hits_article on hits(article_id);

create table mentions(
  id {key}, hit_id {int} not null references hits(id), kind text not null, name text not null, side text not null, title text not null,
  alias text not null, start_char {int} not null, end_char {int} not null, sentence {int} not null, zone text not null) {strict};

create index mentions_hit on mentions(hit_id);

create index mentions_name on mentions(name, hit_id);

create table labels(
  id {key}, hit_id {int} not null references hits(id), verdict text not null, reason text not null, created_at {time} not null) {strict};
"""

_STORIES = """
create table stories(
  id {key}, watchlist text not null, title text not null, lang text not null, lead_hit_id {int} references hits(id),
  first_seen_at {time} not null, last_seen_at {time} not null, hit_count {int} not null default 0, fingerprint_json text not null default '{}',
  earlier_id {int} references stories(id), created_at {time} not null) {strict};

create index stories_open on stories(watchlist, last_seen_at);
"""

_DIGESTS = """
create table subscriptions(
  id {key}, name text not null unique, since_at {time} not null, state text not null default 'active',
  settled_hit_id {int} not null default 0, created_at {time} not null) {strict};

create table subscription_watchlists(
  subscription_id {int} not null references subscriptions(id), watchlist text not null, since_at {time} not null,
  primary key(subscription_id, watchlist)) {strict};

create table slots(
  id {key}, subscription_id {int} not null references subscriptions(id), label text not null, due_at {time} not null, planned_at {time} not null,
  covers_from_at {time}, covers_to_at {time} not null, missed {int} not null default 0, hit_count {int} not null default 0,
  unique(subscription_id, label)) {strict};

create table digests(
  id {key}, uid text not null unique, subscription_id {int} not null references subscriptions(id), slot_id {int} references slots(id),
  kind text not null default 'digest', subject text not null, payload text not null, sha256 text not null,
  covers_from_at {time}, covers_to_at {time} not null, hit_count {int} not null, created_at {time} not null) {strict};

create table digest_hits(
  subscription_id {int} not null references subscriptions(id), hit_id {int} not null references hits(id), digest_id {int} references digests(id),
  story_id {int} references stories(id), shown_as text not null, position {int} not null default 0, created_at {time} not null,
  primary key(subscription_id, hit_id)) {strict};

create index digest_hits_digest on digest_hits(digest_id);

create index digest_hits_story on digest_hits(subscription_id, story_id);
"""

_DELIVERIES = """
create table messages(
  id {key}, uid text not null unique, digest_id {int} references digests(id), form text not null, part {int} not null default 1,
  parts {int} not null default 1, subject text not null, body {blob} not null, sha256 text not null, created_at {time} not null,
  unique(digest_id, form, part)) {strict};

create table deliveries(
  id {key}, message_id {int} not null references messages(id), channel text not null, destination text not null,
  state text not null default 'pending' check(state in ('pending', 'sending', 'delivered', 'rejected', 'parked', 'expired')),
  attempts {int} not null default 0, epoch {int} not null default 0, owner text, lease_until_at {time}, next_attempt_at {time},
  first_attempt_at {time}, created_at {time} not null, delivered_at {time}, last_code text, last_error text,
  unique(message_id, destination)) {strict};

create index deliveries_due on deliveries(state, next_attempt_at);

create index deliveries_open on deliveries(destination, id) where state in ('pending', 'sending', 'parked');

create table attempts(
  id {key}, delivery_id {int} not null references deliveries(id), epoch {int} not null, started_at {time} not null, ended_at {time},
  outcome text, code text, detail text) {strict};

create index attempts_delivery on attempts(delivery_id);
"""

_BACKFILL = """
alter table watchlist_versions add column backfill {int} not null default 0;

alter table hits add column backfill {int} not null default 0;

create index labels_hit on labels(hit_id);
"""

_PLACEMENTS = """
create table placements(
  id {key}, watchlist text not null, article_id {int} not null references articles(id), other_id {int} not null references articles(id),
  kind text not null check(kind in ('apart', 'together')), created_at {time} not null, unique(watchlist, article_id, other_id)) {strict};

alter table stories add column merged_into_id {int} references stories(id);
"""

_FEED_MEMORY = """
alter table feeds add column configured_url text not null default '';

alter table feeds add column answered_url text not null default '';

alter table feeds add column asks_json text not null default '{}';

alter table feeds add column full_at {time};

alter table feeds add column held_at {time};

alter table feeds add column held_kind text not null default '';

alter table feeds add column held_reason text not null default '';

update feeds set configured_url = url, answered_url = url;

alter table entries add column title_key text not null default '';

create index entries_title on entries(feed_id, title_key);
"""

# The same text in several papers is kept once: `text_of` names the article whose text it is.
_SHARED_TEXTS = """
alter table articles add column text_of {int} references articles(id);

create index articles_text_of on articles(text_of) where text_of is not null;
"""

_ALARMS = """
create table alarms(
  id {key}, subject text not null, kind text not null, text text not null, mend text not null, channel text not null,
  passing {int} not null default 0, since_at {time} not null, seen_at {time} not null, raised_at {time}, away_at {time}, over_at {time}) {strict};

create unique index alarms_standing on alarms(subject) where over_at is null;

create table arrivals(
  feed_id {int} not null references feeds(id), hour_at {time} not null, entries {int} not null, primary key(feed_id, hour_at)) {strict};

alter table feeds add column silent_since_at {time};

alter table messages add column kind text not null default 'digest';
"""

# Nothing asks for entries by address; most articles have no canonical address of their own.
_LEAN_INDEXES = """
drop index entries_url;

drop index articles_canonical;

create index articles_canonical on articles(canonical_key) where canonical_key is not null;
"""

# A claim takes the longest due first, by number where many are due at one instant: an index without the number would be sorted at each claim.
_CLAIM_ORDER = """
drop index sites_due;

create index sites_due on sites(due_at, id);
"""

# For people with other tools (Datasette, sqlite-utils, psql): one row a hit or story, without numbers to look up. Nothing of ours reads them.
_VIEWS = """
create view hits_view as
select h.id, h.watchlist, h.band, h.score, a.title, a.publisher as outlet, a.lang, a.published_at, a.first_seen_at, h.created_at as found_at,
  (select {listed}(n.title, ', ') from (select distinct m.title from mentions m where m.hit_id = h.id and m.kind = 'entity' order by 1) n) as names,
  (select {listed}(n.title, ', ') from (select distinct m.title from mentions m where m.hit_id = h.id and m.kind = 'topic' order by 1) n) as topics,
  (select {listed}(n.name, ', ') from (select distinct f.name from entries e join feeds f on f.id = e.feed_id where e.article_id = a.id order by 1) n)
    as feeds,
  h.story_id, s.title as story, h.novelty, (select l.verdict from labels l where l.hit_id = h.id order by l.id desc limit 1) as mark,
  h.quiet, a.url, h.article_id, coalesce(a.text_of, a.id) as text_id
from hits h join articles a on a.id = h.article_id left join stories s on s.id = h.story_id;

create view stories_view as
select s.id, s.watchlist, s.title, s.lang, (select min(h.band) from hits h where h.story_id = s.id) as band,
  (select max(h.score) from hits h where h.story_id = s.id) as score, s.hit_count as hits,
  (select {listed}(n.publisher, ', ') from
    (select distinct a.publisher from hits h join articles a on a.id = h.article_id where h.story_id = s.id order by 1) n) as outlets,
  (select {listed}(n.lang, ', ') from
    (select distinct a.lang from hits h join articles a on a.id = h.article_id where h.story_id = s.id order by 1) n) as languages,
  s.first_seen_at, s.last_seen_at, a.publisher as lead_outlet, a.url as lead_url, s.lead_hit_id
from stories s left join hits l on l.id = s.lead_hit_id left join articles a on a.id = l.article_id
where s.merged_into_id is null;
"""

# Lists and ticks beside years of history: each goes by an index, and what is seldom so (pages not read, stories that go on) has a small one.
_LONG_HISTORY = """
create index articles_open on articles(state, first_seen_at) where state <> 'done';

create index entries_of_feed on entries(feed_id, first_seen_at, article_id);

create index stories_seen on stories(last_seen_at);

create index stories_earlier on stories(earlier_id) where earlier_id is not null;

create index digests_made on digests(created_at);

create index slots_missed on slots(subscription_id, planned_at) where missed = 1;

create index digest_hits_hit on digest_hits(hit_id);

create index digest_hits_place on digest_hits(digest_id, position);

drop index digest_hits_digest;

create index arrivals_hour on arrivals(hour_at);

create index sketch_values_article on sketch_values(article_id);

create index deliveries_made on deliveries(created_at);
"""

# Searches that somebody gave a name: each is a feed for other readers.
_SAVED_SEARCHES = """
create table saved_searches(
  id {key}, name text not null unique, title text not null, fields_json text not null, created_at {time} not null) {strict};
"""

_WORKERS = """
alter table daemons add column roles text not null default 'visit,think,deliver';

alter table daemons add column shared {int} not null default 0;

alter table sites add column claimed_at {time};
"""

# Which versions of a watchlist no hit was made with any more: asked once a day beside all hits there are.
_HITS_BY_VERSION = """
create index hits_version on hits(version_id);
"""

# Of a text that a first paper edited, the copies keep a text of their own: the next one with the same words shares it.
_EDITED_COPIES = """
create index articles_edited on articles(copy_of) where copy_of is not null and text_of is null;
"""

# From when a silence is too long follows from what the feed said before it, and is learnt once; `silence_of` says for which silence.
_SILENCES = """
alter table feeds add column silence_of text not null default '';

alter table feeds add column silent_from_at {time};
"""

MIGRATIONS = (
    Migration(name="001_daemon", sql=_DAEMON),
    Migration(name="002_sites_and_feeds", sql=_FEEDS),
    Migration(name="003_articles_and_entries", sql=_ARTICLES, searchable=("texts",)),
    Migration(name="004_watchlists_and_hits", sql=_HITS),
    Migration(name="005_stories", sql=_STORIES),
    Migration(name="006_subscriptions_and_digests", sql=_DIGESTS),
    Migration(name="007_messages_and_deliveries", sql=_DELIVERIES),
    Migration(name="008_backfill", sql=_BACKFILL),
    Migration(name="009_placements_of_stories", sql=_PLACEMENTS),
    Migration(name="010_feed_memory", sql=_FEED_MEMORY),
    Migration(name="011_shared_texts", sql=_SHARED_TEXTS),
    Migration(name="012_alarms", sql=_ALARMS),
    Migration(name="013_lean_indexes", sql=_LEAN_INDEXES),
    Migration(name="014_claim_order", sql=_CLAIM_ORDER),
    Migration(name="015_views_for_readers", sql=_VIEWS),
    Migration(name="016_long_history", sql=_LONG_HISTORY),
    Migration(name="017_saved_searches", sql=_SAVED_SEARCHES),
    Migration(name="018_workers", sql=_WORKERS),
    Migration(name="019_hits_by_version", sql=_HITS_BY_VERSION),
    Migration(name="020_edited_copies", sql=_EDITED_COPIES),
    Migration(name="021_silences", sql=_SILENCES),
)


def views(dialect: Mapping[str, str]) -> frozenset[str]:
    """Every view that a version of ours made, as the words after `create view `: any other view in a file is not ours."""
    statements = (statement for migration in MIGRATIONS for statement in migration.statements(dialect))
    return frozenset(words for verb, _, words in (statement.partition("create view ") for statement in statements) if not verb and words)
