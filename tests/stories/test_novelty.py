"""What a report brings to its story."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.stories.credit import agency
from monitor.stories.fingerprint import Fingerprint
from monitor.stories.novelty import Known, known_from_json, known_of, known_to_json, novelty
from monitor.stories.progress import confirmed, quotes, step_of
from tests.stories.test_group import FPT_EN, FPT_VI, hit, prints


def brings(last: Fingerprint, *earlier: Fingerprint) -> tuple[str, tuple[str, ...]]:
    found = novelty(last, known_of(earlier))
    return found.kind, found.delta


FIRST, ECHO = prints(FPT_EN, FPT_VI)


def test_the_first_report_is_new_and_the_same_facts_are_an_echo() -> None:
    """The first report is new; the same facts in another language are an echo."""
    assert brings(FIRST) == ("new", ())
    assert brings(ECHO, FIRST) == ("echo", ())


@pytest.mark.parametrize(
    ("title", "text", "named", "delta"),
    [
        ("FPT and Nvidia: plant to cost $250 million", "", "fpt nvidia", ("figure:USD:250000000",)),
        ("Marvell joins FPT and Nvidia", "", "fpt nvidia marvell", ("entity:marvell",)),
        ("FPT and Nvidia: opening on November 20", "", "fpt nvidia", ("day:11-20",)),
        ("FPT and Nvidia sign for AI factory", "The two signed on Tuesday.", "fpt nvidia", ("step:signed",)),
        ("Nvidia confirms AI factory", "The firm said so.", "nvidia", ("official",)),
        ("Nvidia on its factory", "“We shall begin with three hundred engineers”, it said.", "nvidia", ("quote",)),
    ],
)
def test_a_new_fact_is_an_update(title: str, text: str, named: str, delta: tuple[str, ...]) -> None:
    """A figure, an actor, a day ahead, a step on, a confirmation or a quote that nobody had is an update that says which."""
    (report,) = prints(hit("9", title, text, named=named, topics="ai", hours=12))
    assert brings(report, FIRST, ECHO) == ("update", delta)


@pytest.mark.parametrize(
    "text",
    [
        "Nvidia, which paid $70 million for VinBrain in 2019, will use it.",
        "The firms have met before. Viettel runs a plant of $90 million.",
        "The plant was announced on September 20.",
    ],
)
def test_background_is_an_echo(text: str) -> None:
    """Older sums, past days and what is said of others bring nothing."""
    report = hit("9", "FPT and Nvidia plan factory", text, named="fpt nvidia", topics="ai", hours=12)
    viettel = replace(report.mentions[0], id="viettel", zone="body", start=report.title.__len__() + 1 + text.find("Viettel"))
    (found,) = prints(replace(report, mentions=(*report.mentions, viettel) if "Viettel" in text else report.mentions))
    assert brings(found, FIRST) == ("echo", ())


def test_a_translated_quote_is_an_echo() -> None:
    """Where only reports in another language quoted, a quote is their translation; in one language another quote is news."""
    english, french, other = prints(
        hit("7", "Nvidia on its plant", "“We shall begin with many engineers”, it said.", named="nvidia"),
        hit("8", "Nvidia et son usine", "«Nous commencerons avec beaucoup d'ingénieurs», dit-il.", named="nvidia", lang="fr"),
        hit("9", "Nvidia on its plant", "“The grid is our only worry now”, it said.", named="nvidia"),
    )
    assert brings(french, english) == ("echo", ())
    assert brings(other, english, french) == ("update", ("quote",))


def test_rounded_figures_are_one() -> None:
    """1.6 billion and 1.599 billion are the same fact."""
    exact, rounded = prints(hit("1", "Plant of $1.599 billion", named="amkor"), hit("2", "Plant of $1.6 billion", named="amkor"))
    assert brings(rounded, exact) == ("echo", ())


def test_what_nobody_was_shown_makes_no_echo() -> None:
    """A live report is new although a quiet one of the same development was stored at the baseline."""
    quiet = replace(FIRST, quiet=True)
    assert brings(ECHO, quiet) == ("new", ())


def test_a_copy_is_an_echo_whatever_it_says() -> None:
    """A syndicated copy brings nothing new, nor does another look at an address."""
    (copy,) = prints(hit("9", "Marvell named", named="marvell", copy_of="5"))
    (twin,) = prints(hit("9", "Marvell named", named="marvell", address="a"))
    assert brings(copy, FIRST) == ("echo", ())
    assert brings(twin, replace(FIRST, address="a")) == ("echo", ())
    assert novelty(replace(copy, copy_of=""), known_of([FIRST]), copy=True).kind == "echo"


def test_what_is_known_survives_the_store() -> None:
    """What a story told is stored and read back whole."""
    known = known_of([FIRST, ECHO])
    assert known_from_json(known_to_json(known)) == known
    assert known_from_json(known_to_json(Known())) == Known()


@pytest.mark.parametrize(
    ("lang", "text", "step"),
    [
        ("en", "FPT will sign the contract next week", "planned"),
        ("en", "FPT signed the contract", "signed"),
        ("en", "Vietnam licenses Starlink", "agreed"),
        ("en", "Ground broken for the data centre", "begun"),
        ("en", "Intel has opened its new line", "running"),
        ("en", "Intel plans to open a line", "planned"),
        ("vi", "Hai bên sẽ ký hợp đồng", "planned"),
        ("vi", "Hai bên đã ký hợp đồng", "signed"),
        ("vi", "Bộ cấp phép cho Starlink", "agreed"),
        ("vi", "Khởi công trung tâm dữ liệu", "begun"),
        ("vi", "Nhà máy đi vào hoạt động", "running"),
        ("vi", "Hãng dự kiến khởi công trong năm nay", "planned"),
        ("fr", "Les deux groupes ont signé l'accord", "signed"),
        ("fr", "Le groupe va inaugurer l'usine", "planned"),
        ("fr", "Le ministre a inauguré l'usine", "running"),
        ("fr", "Premier coup de pioche du centre", "begun"),
        ("ko", "계약 체결", "planned"),
    ],
)
def test_how_far_a_matter_is(lang: str, text: str, step: str) -> None:
    """What is done is told from what is to come, in three languages."""
    assert step_of((text,), lang) == step


def test_confirmations_and_quotes() -> None:
    """A confirmation and a quote of some length are recognised in three languages, scare quotes are not."""
    assert all(
        confirmed((text,)) for text in ("Google confirmed it", "Google xác nhận", "Google a confirmé la nouvelle", "said in a statement")
    )
    assert not confirmed(("Google plans it",))
    assert quotes("The so-called “tech week” began; “we have come to stay here”, he said") == ("we have come to stay here",)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("HANOI (Reuters) - Intel said on Monday ...", "Reuters"),
        ("(AFP) - Le Vietnam", "AFP"),
        ("Theo TTXVN, ngày 23/9", "VNA"),
        ("Văn bản được ký hôm nay. (TTXVN)", "VNA"),
        ("Văn bản được ký hôm nay. (TTXVN/Vietnam+)", "VNA"),
        ("L'accord a été signé lundi. (AVI)", "VNA"),
        ("L'accord a été signé lundi, avec AFP", "AFP"),
        ("The deal was signed. Source: AP", "AP"),
        ("The minister told Reuters that the deal was near. He left.", ""),
        ("An AP1000 reactor", ""),
        ("", ""),
    ],
)
def test_the_agency_of_a_text(text: str, name: str) -> None:
    """A place line or a signature credits the agency; a mention does not."""
    assert agency(text) == name
