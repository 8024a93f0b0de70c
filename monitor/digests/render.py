"""A document as messages: mail (text and HTML, in parts where one would be cut by mail programs), and the webhook's JSON. Pure.

HTML comes from a template with autoescape on; foreign text is only ever a value in it. The built-in one loads nothing remote: no image, font or script.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from monitor.digests.document import Document, Entry
from monitor.digests.phrases import KINDS, Phrases
from monitor.digests.plain import render_text
from monitor.digests.sample import samples
from monitor.digests.template import BUILT_IN, FORMS, MAX_BYTES, TemplateFault, Templates, render, require_all, syntax_problems, too_large
from monitor.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One part of a digest as a mail: all text, nothing encoded."""

    subject: str
    text: str
    html: str
    lang: str
    title: str
    preheader: str

    def body(self) -> bytes:
        """The frozen bytes of a mail or file message: JSON in UTF-8."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def render_mails(document: Document, templates: Templates = BUILT_IN) -> tuple[Mail, ...]:
    """The mails of a document: as few parts as keep each part below the limit, every entry in exactly one.

    Raises TemplateFault where a file of `templates` fails, leaves an entry out, or cannot be kept below the limit.
    """
    most = max(1, len(document.entries))
    for parts in range(1, most + 1):
        mails = tuple(_mail(document, templates, part, parts) for part in range(1, parts + 1))
        large = next((form for mail in mails for form in FORMS if len(getattr(mail, form).encode("utf-8", "replace")) > MAX_BYTES), None)
        if large is None:
            break
        if parts == most and templates.overrides(large):
            raise too_large(templates, large)
    return mails


def check_templates(templates: Templates) -> tuple[Problem, ...]:
    """What is wrong with the operator's files: syntax and unknown names of each, else what goes wrong with digests that show all there can be."""
    problems = tuple(syntax_problems(templates))
    if problems:
        return problems
    try:
        for document, parts in samples():
            for part in range(1, parts + 1):
                _mail(document, templates, part, parts)
    except TemplateFault as fault:
        return (fault.problem,)
    return ()


def render_events(document: Document) -> tuple[bytes, ...]:
    """The webhook's bodies: one for a digest; for what is told at once one for the new developments and one for the updates, where there are any."""
    if document.kind != "urgent":
        return (render_json(document),)
    updates = document.of("update")
    others = tuple(entry for entry in document.entries if entry.kind != "update")
    return tuple(render_json(replace(document, entries=entries)) for entries in (others, updates) if entries)


def render_json(document: Document) -> bytes:
    """The webhook's exact bytes: `{"type", "timestamp", "data"}` (Standard Webhooks), instants in UTC, counts and items.

    type: digest.ready; for what is told at once story.updated where all of it is updates, otherwise hit.created.
    """
    counts = {kind: len(document.of(kind)) for kind in KINDS} | {"overflow": document.also_count, "echo": document.echoes}
    data = {
        "id": document.uid,
        "kind": document.kind,
        "subscription": document.subscription,
        "title": document.title,
        "lang": document.lang,
        "subject": Phrases(document).subject(1, 1),
        "slot": document.slot,
        "due_at": document.due_at,
        "covers": {"from": document.covers_from_at, "to": document.made_at},
        "late": document.late,
        "missed_slots": document.missed,
        "counts": counts,
        "hits_per_day": [{"day": day, "hits": hits} for day, hits in document.days],
        "items": [_json_item(entry) for entry in document.entries],
        "also": [asdict(line) for line in document.also],
        "coverage": asdict(document.coverage),
    }
    at_once = "story.updated" if len(document.of("update")) == len(document.entries) else "hit.created"
    body = {"type": at_once if document.kind == "urgent" else "digest.ready", "timestamp": document.made_at, "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _json_item(entry: Entry) -> dict[str, object]:
    return {
        "kind": entry.kind,
        "story": entry.story,
        "hit": entry.hit,
        **asdict(entry.line),
        "sentence": "".join(piece for piece, _ in entry.sentence),
        "marked": [piece for piece, marked in entry.sentence if marked],
        "names": [name for side in entry.names for name in side],
        "topics": list(entry.topics),
        "brings": list(entry.brings),
        "differs": list(entry.differs),
        "earlier": asdict(entry.earlier) if entry.earlier else None,
        "first_outlet": entry.first,
        "copies": dict(entry.copies),
        "outlets": [asdict(line) for line in entry.outlets],
        "reports": entry.reports,
        "languages": dict(entry.langs),
        "first_seen_at": entry.first_seen_at,
        "published_at": entry.published_at or None,
        "score": entry.score,
    }


def _mail(document: Document, templates: Templates, part: int, parts: int) -> Mail:
    size = -(-len(document.entries) // parts)
    start = (part - 1) * size
    entries = document.entries[start : start + size]
    say = Phrases(document)
    sections = [(kind, say.labels.word(kind), [entry for entry in entries if entry.kind == kind]) for kind in KINDS]
    context = {
        "document": document,
        "sections": [section for section in sections if section[2]],
        "say": say,
        "word": say.labels.word,
        "part": part,
        "parts": parts,
        "number_from": start + 1,
    }
    text = render(templates, "text", context) if templates.overrides("text") else render_text(document, entries, start + 1, part, parts)
    html = render(templates, "html", context)
    for form, page in (("text", text), ("html", html)):
        if templates.overrides(form):
            require_all(templates, form, entries, page)
    return Mail(
        subject=say.subject(part, parts), text=text, html=html, lang=say.labels.lang, title=document.title, preheader=say.preheader()
    )
