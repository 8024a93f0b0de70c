"""Names that are taken and names that are not: the table of guard cases in Vietnamese, English and French."""

from __future__ import annotations

import pytest

from monitor.model import Verdict
from tests.hits.world import matcher

MATCHER = matcher()

# language, text, entity, and the reason for refusing it ("" where it is taken; None where the place is no candidate at all)
CASES: tuple[tuple[str, str, str, str | None], ...] = (
    # borders
    ("en", "The US opened a lab.", "us", ""),
    ("en", "The business was small.", "us", None),
    ("en", "A US-Vietnam forum.", "us", ""),
    ("en", "A US–Vietnam forum.", "vietnam", ""),
    ("en", "Vietnam's first fab.", "vietnam", ""),
    ("en", "Vietnam’s first fab.", "vietnam", ""),
    ("en", "Made in (Vietnam).", "vietnam", ""),
    ("en", "“Vietnam” was the word.", "vietnam", ""),
    ("en", "Anti-US slogans.", "us", ""),
    ("en", "It cost US$1.5 billion.", "us", "guard"),
    ("en", "It cost US $2 billion.", "us", ""),
    ("en", "The USS Blue Ridge came.", "us", None),
    ("en", "Intelligence failed.", "intel", None),
    ("en", "INTELSAT moved.", "intel", None),
    ("en", "Metaverse dreams.", "meta", None),
    ("en", "Meta-analysis of studies.", "meta", ""),
    ("en", "Amazonian frogs.", "amazon", None),
    ("en", "The U.S. agreed.", "us", ""),
    ("en", "U.S.-made chips.", "us", ""),
    ("en", "FPT2030 plan.", "fpt", None),
    ("en", "Applebee's closed.", "apple", None),
    ("en", "Vietnam\nand others.", "vietnam", ""),
    ("en", "Joe\nBiden spoke.", "biden", ""),
    ("en", "Joe\u00a0Biden spoke.", "biden", ""),
    ("ko", "엔비디아가 하노이를 방문했다.", "nvidia", ""),
    ("ko", "NVIDIA가 방문했다.", "nvidia", ""),
    ("ja", "米NVIDIAは発表した。", "nvidia", ""),
    # capitals
    ("en", "Tell us more.", "us", "case"),
    ("en", "TELL US MORE ABOUT IT NOW", "us", "case"),
    ("en", "VIETNAM AND NVIDIA SIGN DEAL", "vietnam", ""),
    ("en", "VIETNAM AND NVIDIA SIGN DEAL", "nvidia", ""),
    ("en", "INTEL EXPANDS ITS PLANT THERE", "intel", ""),
    ("en", "vietnam in small letters", "vietnam", "case"),
    ("en", "an apple a day", "apple", "case"),
    ("en", "Apple a day", "apple", ""),
    ("en", "good intel on the plan", "intel", "case"),
    ("en", "Nvidia in title case.", "nvidia", ""),
    ("en", "a meta study", "meta", "case"),
    ("en", "META EXPANDS ITS OFFICE AGAIN", "meta", ""),
    ("en", "joe biden spoke", "biden", "case"),
    ("en", "Joe biden spoke", "biden", "case"),
    ("vi", "Tập đoàn fpt", "fpt", "case"),
    ("vi", "Ge máy hỏng.", "ge", "case"),
    ("en", "The GE plant.", "ge", ""),
    ("vi", "sinh viên đại học Bách khoa", "bach-khoa", ""),
    ("vi", "sinh viên Đại học Bách khoa", "bach-khoa", ""),
    ("vi", "sinh viên đại học bách khoa", "bach-khoa", "case"),
    ("en", "lam research in small letters", "lam-research", "case"),
    ("fr", "Les Américains arrivent.", "us", ""),
    ("fr", "Un groupe américain arrive.", "us", ""),
    ("fr", "La vietnamienne FPT.", "vietnam", ""),
    # marks
    ("vi", "Tổng Bí thư Tô Lâm phát biểu.", "to-lam", ""),
    ("en", "President To Lam spoke.", "to-lam", ""),
    ("vi", "Ông Tố Lâm ở xã bên.", "to-lam", "marks"),
    ("vi", "Ông Tô Lam ở xã bên.", "to-lam", "marks"),
    ("vi", "Bà Nguyễn Thúy Hòa ký.", "thuy", ""),
    ("vi", "Bà Nguyễn Thuý Hoà ký.", "thuy", ""),
    ("en", "Ms Nguyen Thuy Hoa signed.", "thuy", ""),
    ("vi", "Bà Nguyễn Thùy Hoa ký.", "thuy", "marks"),
    ("fr", "Les Etats-Unis signent.", "us", ""),
    ("fr", "Les États-Unis signent.", "us", ""),
    ("fr", "LES ÉTATS-UNIS SIGNENT UN ACCORD", "us", ""),
    ("fr", "LES ETATS-UNIS SIGNENT UN ACCORD", "us", ""),
    ("fr", "Les États–Unis signent.", "us", ""),
    ("fr", "Le Viêt Nam signe.", "vietnam", ""),
    ("en", "Viet Nam signs.", "vietnam", ""),
    ("vi", "Việt Nam ký.", "vietnam", ""),
    ("vi", "Viết Nam ký.", "vietnam", "marks"),
    ("en", "Hanoi signs.", "ha-noi", ""),
    ("en", "Ha Noi signs.", "ha-noi", ""),
    ("vi", "Hà Nội ký.", "ha-noi", ""),
    ("vi", "Hà Nối ký.", "ha-noi", "marks"),
    ("vi", "Đà Nẵng ký.", "da-nang", "marks"),
    ("vi", "Nhà Trắng lên tiếng.", "nha-trang", "marks"),
    ("vi", "Nhà Trắng lên tiếng.", "white-house", ""),
    ("vi", "Nha Trang đón khách.", "nha-trang", ""),
    ("vi", "Nha Trang đón khách.", "white-house", "marks"),
    ("en", "The Nha Trang said no more.", "white-house", "marks"),
    ("en", "Da Nang signs.", "da-nang", ""),
    ("en", "My friend came.", "us", "marks"),
    ("en", "The colour Hue was blue.", "hue", "marks"),
    ("vi", "Thành phố Huế đón khách.", "hue", ""),
    ("en", "Hoa Ky is a name for it.", "us", ""),
    ("vi", "Hoa Kỳ đồng ý.", "us", ""),
    ("vi", "Hoá Kỳ đồng ý.", "us", "marks"),
    # one-syllable Vietnamese names
    ("vi", "Công ty Mỹ đầu tư.", "us", ""),
    ("vi", "Mỹ đầu tư.", "us", ""),
    ("vi", "Tổng thống Mỹ Joe Biden đến.", "us", ""),
    ("vi", "Tại Mỹ, giá tăng.", "us", ""),
    ("vi", "Người Mỹ thích phở.", "us", ""),
    ("vi", "Hãng Mỹ đến Hà Nội.", "us", ""),
    ("vi", "Quan hệ Việt - Mỹ tốt.", "us", ""),
    ("vi", "Quan hệ Việt - Mỹ tốt.", "vietnam", ""),
    ("vi", "Quan hệ Việt Mỹ tốt.", "us", ""),
    ("vi", "Hội nghị Mỹ - Trung.", "us", ""),
    ("vi", "Google Mỹ mở văn phòng.", "us", ""),
    ("vi", "CEO Mỹ đến thăm.", "us", ""),
    ("vi", "Kỹ sư Mỹ và Việt cùng làm.", "vietnam", ""),
    ("vi", "Sinh viên Việt thắng giải.", "vietnam", ""),
    ("vi", "AI Việt được cấp bằng.", "vietnam", ""),
    ("vi", "Startup Việt gọi vốn.", "vietnam", ""),
    ("vi", "Cầu Phú Mỹ kẹt xe.", "us", "guard"),
    ("vi", "Phú Mỹ đón tàu.", "us", "guard"),
    ("vi", "Cầu Mỹ Thuận thông xe.", "us", "guard"),
    ("vi", "Sân Mỹ Đình đông khách.", "us", "guard"),
    ("vi", "Phường Trung Mỹ Tây.", "us", "guard"),
    ("vi", "Xã Thạnh Mỹ có chợ.", "us", "guard"),
    ("vi", "Ca sĩ Trần Mỹ Ngọc hát.", "us", "guard"),
    ("vi", "Bệnh viện Hoàn Mỹ mở cửa.", "us", "guard"),
    ("vi", "Biển Mỹ Khê đẹp.", "us", "guard"),
    ("vi", "Công ty Việt Á bị phạt.", "vietnam", "guard"),
    ("vi", "TS Lê Việt Hùng nói.", "vietnam", "guard"),
    ("vi", "Đường Quốc Việt tắc.", "vietnam", "guard"),
    ("vi", "Bãi Tân Mỹ vắng.", "us", "guard"),
    ("vi", "Làng nghề Mỹ nghệ cổ.", "us", "mask"),
    ("vi", "Đổi 100 đô la Mỹ.", "us", "mask"),
    ("vi", "Sinh viên Mỹ thuật vẽ.", "us", "mask"),
    ("vi", "mỹ phẩm Hàn", "us", "case"),
    # masks, never, longest
    ("en", "The Vietnam War ended.", "vietnam", "mask"),
    ("en", "Lam Research expands.", "to-lam", "never"),
    ("en", "Lam Research expands.", "lam-research", ""),
    ("vi", "Hồ ở Lâm Đồng.", "to-lam", "guard"),
    ("en", "The Amazon rainforest burns.", "amazon", "never"),
    ("en", "Amazon opens a centre.", "amazon", ""),
    ("en", "The US-ASEAN Business Council met.", "us", "longer"),
    ("en", "The US-ASEAN Business Council met.", "usabc", ""),
    ("en", "GE Vernova met them.", "ge", ""),
    ("vi", "Tập đoàn Amazon Việt Nam mở kho.", "amazon", ""),
    ("vi", "Tập đoàn Amazon Việt Nam mở kho.", "vietnam", ""),
    ("en", "The Vietnam Desk of the Embassy moved.", "vietnam", "longer"),
    # short and loose
    ("en", "To Lam came. Lam spoke.", "to-lam", ""),
    ("en", "Lam spoke.", "to-lam", "short"),
    ("vi", "Ông Lâm nói.", "to-lam", "short"),
    ("vi", "Ông Tô Lâm đến. Ông Lâm nói.", "to-lam", ""),
    ("en", "Biden spoke.", "biden", "short"),
    ("en", "Joe Biden came. Biden spoke.", "biden", ""),
    ("en", "Visa again.", "visa", "loose"),
    ("en", "Visa and Nvidia met.", "visa", ""),
    ("en", "Visa Inc came.", "visa", ""),
    ("en", "Visa opened. One. Two. Three. Four. Nvidia left.", "visa", "loose"),
    ("en", "Visa opened in Vietnam.", "visa", "loose"),
)


def verdict(text: str, lang: str, title: str = "") -> Verdict:
    return MATCHER.verdict_of("vn-us", title, text, lang)


@pytest.mark.parametrize(("lang", "text", "entity", "reason"), CASES, ids=lambda value: str(value)[:40])
def test_guard_case(lang: str, text: str, entity: str, reason: str | None) -> None:
    """A name is taken, or refused for the stated reason, or is no candidate at all."""
    found = verdict(text, lang)
    taken = [m.alias for m in found.mentions if m.id == entity]
    refused = {r.reason for r in found.rejected if r.id == entity}
    if reason == "":
        assert taken, refused
    else:
        assert not taken
        assert refused == ({reason} if reason else set())


def test_the_table_is_large_enough() -> None:
    """The table covers the three languages and every reason."""
    assert len(CASES) >= 120
    assert {reason for *_, reason in CASES} == {"", None, "case", "marks", "guard", "mask", "longer", "never", "short", "loose"}
    assert {lang for lang, *_ in CASES} >= {"en", "vi", "fr"}


def test_a_short_name_in_the_title_counts_when_the_text_has_the_full_one() -> None:
    """Headlines shorten names before the text gives them in full."""
    found = verdict("President To Lam met them.", "en", title="Lam meets Apple")
    assert [(m.alias, m.sentence) for m in found.mentions if m.id == "to-lam"] == [("Lam", 0), ("To Lam", 1)]


def test_offsets_point_at_the_words_found() -> None:
    """Every mention and every refused name can be underlined in title + newline + text."""
    title, text = "Mỹ và Việt Nam", "Tổng Bí thư Tô Lâm tiếp Apple; cầu Mỹ Thuận.\nTell us."
    found = verdict(text, "vi", title=title)
    whole = f"{title}\n{text}"
    assert found.mentions
    assert all(whole[m.start : m.end] == m.alias for m in found.mentions)
    assert {whole[r.start : r.end] for r in found.rejected} == {"Mỹ", "us"}


@pytest.mark.parametrize(
    ("lang", "text", "topics"),
    [
        ("en", "They make chips and semiconductors.", {"chips"}),
        ("en", "The chipmunk ran.", set()),
        ("vi", "Ngành bán dẫn và trí tuệ nhân tạo.", {"chips", "ai"}),
        ("vi", "Ai cũng biết.", set()),
        ("vi", "Nền tảng AI mới.", {"ai"}),
        ("fr", "J'ai faim.", set()),
        ("fr", "L'IA et les semi-conducteurs.", {"ai", "chips"}),
        ("fr", "L'énergie verte.", {"energy"}),
        ("fr", "L'Energie verte.", {"energy"}),
        ("vi", "Bán đàn gà.", set()),
        ("vi", "CLB đại học công nghệ thắng.", set()),
        ("en", "Ban dan is unmarked.", set()),
        ("de", "KI und Artificial Intelligence.", {"ai"}),
    ],
)
def test_topic_words(lang: str, text: str, topics: set[str]) -> None:
    """Topic words follow the same rules: endings only with a star, marks as written, acronyms in capitals, the text's language or English."""
    assert {m.id for m in verdict(text, lang).mentions if m.kind == "topic"} == topics
