"""Templates of the operator's: what they may do, how mistakes are told, and that none of them loses a story."""

from __future__ import annotations

import asyncio
import re
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.app import load, now
from monitor.config import load_config
from monitor.daemon import _files as watched_files
from monitor.digests.coverage import Coverage, Failing, Since
from monitor.digests.document import Document, Entry, Line
from monitor.digests.phrases import Phrases
from monitor.digests.render import check_templates, render_mails
from monitor.digests.sample import samples
from monitor.digests.step import accept, plan
from monitor.digests.template import BUILT_IN, CONTEXT, IN_BLOCKS, MAX_BYTES, TemplateFault, Templates
from monitor.errors import ConfigError
from monitor.health import troubles
from monitor.store import subscriptions
from monitor.store.sqlite import SqliteStore, open_sqlite
from monitor.store.steps import events
from tests.cli.desk import CONFIG, WATCHLIST
from tests.commands import run
from tests.digests.rows import BEGAN, SEVEN, Rows, channels, counter, subscription
from tests.digests.test_render import made
from tests.digests.test_select import hit

PAGE = Path(__file__).resolve().parent.parent.parent / "monitor" / "docs" / "templates.md"
EXTENDS = '{% extends "builtin/digest.html" %}\n'
EVERY = "{% for kind, heading, entries in sections %}{% for entry in entries %}\n"
DONE = "{% endfor %}{% endfor %}"


def files(**sources: str) -> Templates:
    """Templates of these files: `digest_html` is digest.html."""
    return Templates(folder="looks", sources=tuple((name.replace("_", "."), text) for name, text in sources.items()))


@pytest.mark.parametrize(
    ("sources", "told"),
    [
        ({"digest_html": "{% for a in sections %}"}, r"looks/digest.html:1: is not a template: .*end of template.*monitor help templates"),
        ({"digest_html": f"{EVERY}{{{{ entry.line.headlin }}}}{DONE}"}, r"looks/digest.html:2: cannot be rendered: .*'headlin'"),
        ({"digest_html": "\n\n{{ section }}"}, r"looks/digest.html:3: unknown name 'section' \(did you mean 'sections'\?\)"),
        ({"digest_txt": f"{EVERY}{{{{ word('wy') }}}}{DONE}"}, r"looks/digest.txt:2: cannot be rendered: there is no 'wy'"),
        ({"digest_html": '{% include "row.html" %}'}, r"looks/digest.html:1: includes 'row.html', which is not there"),
        (
            {"digest_html": '{% include "row.html" %}', "row_html": "\n{{ 1 / 0 }}"},
            r"looks/row.html:2: cannot be rendered: division by zero",
        ),
        ({"digest_html": '{% include "row.html" %}', "row_html": "{% if %}"}, r"looks/row.html:1: is not a template"),
        ({"digest_html": f"{EVERY}{{{{ entry.line.headline | safe }}}}{DONE}"}, r"looks/digest.html:2: .*No filter named 'safe'"),
        ({"digest_html": f"{{% autoescape false %}}{EVERY}{DONE}{{% endautoescape %}}"}, r"looks/digest.html:1: switches escaping off"),
        ({"digest_html": "{{ document.__class__.__mro__ }}"}, r"looks/digest.html:1: .*unsafe"),
        ({"digest_html": "{{ ('a' * 999999999) }}"}, r"looks/digest.html:1: .*numbers only"),
        ({"digest_html": "{{ 9 ** 9 ** 9 }}"}, r"looks/digest.html:1: .*numbers only"),
        ({"digest_html": "{% for n in range(9) %}{% endfor %}"}, r"looks/digest.html:1: unknown name 'range'"),
        ({"digest_html": "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}"}, r"looks/digest.html:1: .*recursion"),
        ({"digest_html": "{{ document.also.append(1) }}"}, r"looks/digest.html:1: cannot be rendered"),
        ({"digest_html": f"{EVERY}{{% if kind != 'update' %}}{{{{ entry.line.headline }}}}{{% endif %}}{DONE}"}, r"leaves out .*'update'"),
        ({"digest_txt": "{{ document.title }}"}, r"looks/digest.txt: leaves out an item of the section 'new'.*show every entry"),
    ],
)
def test_mistakes_are_told_with_their_place(sources: dict[str, str], told: str) -> None:
    """Each mistake is found before anything is sent: file, line, what is wrong and what to do."""
    (problem,) = check_templates(files(**sources))
    assert re.search(told, str(problem)), problem


@pytest.mark.parametrize(
    "sources",
    [
        {"digest_html": EXTENDS + "{% block foot %}<tr><td>{{ say.coverage() }}</td></tr>{% endblock %}"},
        {"digest_html": EXTENDS + "{% block item %}<tr><td>{{ entry.line.headline }} {{ outlets(entry) }}</td></tr>{% endblock %}"},
        {"digest_html": f"{EVERY}<p>{{{{ entry.line.headline | upper | truncate(60) }}}}{DONE}"},
        {"digest_html": f"{EVERY}{{% include 'row.html' %}}{DONE}", "row_html": "<p>{{ entry.line.headline }}"},
        {"digest_txt": f"{EVERY}{{{{ entry.line.headline | wrapped('- ', '  ') }}}}{DONE}"},
    ],
)
def test_good_templates_pass(sources: dict[str, str]) -> None:
    """Replacing a block, writing a whole page, including a file, shortening headlines: all of it is fine."""
    assert check_templates(files(**sources)) == ()


def test_the_built_in_look_passes_its_own_check() -> None:
    """The samples show every section, and the built-in page renders them all."""
    assert check_templates(BUILT_IN) == ()
    full = next(samples())[0]
    assert {entry.kind for entry in full.entries} == {"new", "update", "review", "found"}
    assert all(getattr(full, field.name) for field in fields(Document))
    assert all(any(getattr(entry, field.name) for entry in full.entries) for field in fields(Entry))


def test_the_page_documents_the_context() -> None:
    """The page on templates names exactly what a template can use: a name added or taken away in the code must show there."""
    text = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"(?m)^\| `([\w.]+)` \|", text))
    kinds = {"document": Document, "entry": Entry, "line": Line, "coverage": Coverage, "failing": Failing, "since": Since}
    wanted = set(CONTEXT) | {f"{noun}.{field.name}" for noun, kind in kinds.items() for field in fields(kind)}
    wanted |= {"document.of", "document.also_count"} | {f"say.{name}" for name in dir(Phrases) if not name.startswith("_")}
    assert named == wanted
    blocks = re.findall(r"{% block (\w+)", (PAGE.parent.parent / "digests/templates/digest.html").read_text(encoding="utf-8"))
    listed = re.search(r"The blocks are (.*?)\. In a block the names (.*?) of the", text)
    assert listed is not None
    assert re.findall(r"`(\w+)`", listed[1]) == blocks
    assert re.findall(r"`(\w+)`", listed[2]) == list(IN_BLOCKS)
    example = re.search(r"```jinja\n(.*?)```", text, re.DOTALL)
    assert example is not None
    assert check_templates(files(digest_html=example[1])) == ()


def test_foreign_text_stays_escaped() -> None:
    """A headline with markup is text in the operator's page as well, and plain in the text part."""
    looks = files(digest_html=f"{EVERY}{{{{ entry.line.headline }}}}{DONE}", digest_txt=f"{EVERY}{{{{ entry.line.headline }}}}{DONE}")
    (mail,) = render_mails(made(hit(1, title='<b>FPT & "Nvidia"</b>')), looks)
    assert mail.html == "&lt;b&gt;FPT &amp; &#34;Nvidia&#34;&lt;/b&gt;"
    assert mail.text == '<b>FPT & "Nvidia"</b>'


def test_limits_hold_for_templates_of_the_operator() -> None:
    """A long page comes in parts below the limit, every story in one of them; a page too large for one story is refused."""
    filler = "{% for a in document.entries %}{% for b in document.entries %}" + "x" * 30 + "{% endfor %}{% endfor %}"
    found = made(*(hit(number, title=f"Development number {number} of the day") for number in range(1, 61)), max_items=100)
    mails = render_mails(found, files(digest_html=f"{EVERY}{{{{ entry.line.headline }}}}{'-' * 3000}{DONE}"))
    assert len(mails) > 1
    assert all(len(mail.html.encode()) <= MAX_BYTES for mail in mails)
    shown = [number for mail in mails for number in re.findall(r"Development number (\d+) of", mail.html)]
    assert sorted(shown, key=int) == [str(number) for number in range(1, 61)]
    with pytest.raises(TemplateFault, match="90 kB"):
        render_mails(found, files(digest_html=f"{EVERY}{{{{ entry.line.headline }}}}{filler}{DONE}"))


def test_a_template_that_fails_on_a_real_digest_is_told_and_loses_nothing(store: SqliteStore) -> None:
    """The digest goes out in the built-in look with the same stories; status says why until the files change; then yours are used."""
    wanted = subscription()
    subscriptions.sync(store, (wanted,), BEGAN)
    rows = Rows(store)
    rows.hit(story=rows.story(), names=(("vietnam", "FPT", "FPT"),))
    guarded = "{% if entry.score > 6 %}{{ 1 // (entry.hit - entry.hit) }}{% endif %}"
    looks = files(digest_html=f"{EVERY}{{% if document.uid != 'sample' %}}{guarded}{{% endif %}}{{{{ entry.line.headline }}}}{DONE}")
    assert check_templates(looks) == ()
    new_id = counter()
    planned = asyncio.run(
        plan(store=store, clock=lambda: SEVEN, new_id=new_id, subscriptions=(wanted,), channels=channels(), templates=looks)  # type: ignore[arg-type]
    )
    assert (planned.digests, planned.hits) == (1, 1)
    body = store.all("select body from messages where form = 'file'")[0]["body"]
    assert b"<!doctype html>" in body
    (told,) = [trouble for trouble in troubles(store, SEVEN) if trouble.area == "digests"]
    assert told.problem
    assert "looks/digest.html:2: cannot be rendered: integer division" in told.text
    assert [event.kind for event in events(store, BEGAN)] == ["digest.template"]
    accept(store, looks)
    assert any(trouble.area == "digests" for trouble in troubles(store, SEVEN))
    accept(store, files(digest_html=EXTENDS))
    assert not any(trouble.area == "digests" for trouble in troubles(store, SEVEN))


def test_configuration_names_the_folder(tmp_path: Path) -> None:
    """A folder that holds no template, or a faulty one, is a problem of the configuration; a good one is taken."""
    (tmp_path / "pair.toml").write_text(WATCHLIST, encoding="utf-8")
    path = tmp_path / "config.toml"
    path.write_text(CONFIG + '\n[digest]\ntemplates = "looks"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"config.toml:16: digest.templates: .*looks holds neither digest.html nor digest.txt"):
        load(path)
    (tmp_path / "looks").mkdir()
    (tmp_path / "looks" / "digest.html").write_text("{{ nothing }}", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"looks/digest.html:1: unknown name 'nothing'"):
        load(path)
    (tmp_path / "looks" / "digest.html").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(path)
    (tmp_path / "looks" / "digest.html").write_text(EXTENDS, encoding="utf-8")
    assert load(path)[0].digest.templates == tmp_path / "looks"
    assert {tmp_path / "looks", tmp_path / "looks" / "digest.html"} <= set(watched_files(load(path)[0]))


def test_the_commands_use_and_check_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`config check` counts the templates or names the fault; `digests preview` shows the look, or says why it shows the built-in one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pair.toml").write_text(WATCHLIST, encoding="utf-8")
    (tmp_path / "config.toml").write_text(CONFIG + '\n[digest]\ntemplates = "looks"\n', encoding="utf-8")
    (tmp_path / "looks").mkdir()
    look = tmp_path / "looks" / "digest.txt"
    look.write_text(f"A look of our own\n{EVERY}{{{{ entry.line.headline }}}}{DONE}", encoding="utf-8")
    assert "1 template: fine" in run("config", "check").err
    store = open_sqlite(tmp_path / "monitor.db")
    subscriptions.sync(store, load_config(tmp_path / "config.toml").subscription, now() - timedelta(minutes=2))
    rows = Rows(store, watchlist="pair")
    rows.hit("Norco builds a dam", story=rows.story(), seen=now() - timedelta(minutes=1))
    store.close()
    assert "A look of our own\n" in run("digests", "preview").out
    look.write_text(
        f"{{% if document.uid == 'preview' %}}{{{{ 1 / 0 }}}}{{% endif %}}{EVERY}{{{{ entry.line.headline }}}}{DONE}", encoding="utf-8"
    )
    shown = run("digests", "preview")
    assert (shown.code, "NEW DEVELOPMENTS" in shown.out) == (0, True)
    assert "digest.txt:1: cannot be rendered: division by zero" in shown.err
    look.write_text("{{ nothing }}", encoding="utf-8")
    wrong = run("config", "check")
    assert wrong.code == 2
    assert "digest.txt:1: unknown name 'nothing'" in wrong.err


def test_the_same_files_give_the_same_name() -> None:
    """What was wrong is remembered for exactly these files."""
    one = files(digest_html=EXTENDS)
    assert one.digest == files(digest_html=EXTENDS).digest
    assert one.digest != replace(one, folder="elsewhere").digest != BUILT_IN.digest
