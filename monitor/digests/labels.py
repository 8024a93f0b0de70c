"""The digest's own words in English, Vietnamese and French: labels, counts, dates, amounts. Pure."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

LANGS = ("en", "vi", "fr")

_WORDS = MappingProxyType(
    {
        "new": ("New developments", "Diễn biến mới", "Nouveautés"),
        "update": ("Updates", "Cập nhật", "Suites"),
        "review": ("Worth a look", "Đáng xem qua", "À voir"),
        "found": ("Found by your new rule", "Tìm thấy nhờ quy tắc mới", "Trouvé par votre nouvelle règle"),
        "also": ("Also", "Ngoài ra", "Également"),
        "why": ("Why", "Vì sao", "Pourquoi"),
        "brings": ("Brings", "Thông tin mới", "Apporte"),
        "differs": ("Figures differ", "Số liệu khác nhau", "Chiffres divergents"),
        "versus": (
            "{one} ({source}) – {other} ({other_source})",
            "{one} ({source}) – {other} ({other_source})",
            "{one} ({source}) – {other} ({other_source})",
        ),
        "earlier": ("Earlier", "Trước đó", "Précédemment"),
        "quote": ("a new quote", "phát biểu mới", "une nouvelle citation"),
        "official": ("officially confirmed", "xác nhận chính thức", "confirmation officielle"),
        "agreed": ("agreed", "đã được thông qua", "accord donné"),
        "signed": ("signed", "đã ký", "signé"),
        "begun": ("begun", "đã bắt đầu", "commencé"),
        "running": ("done or running", "đã xong hoặc đi vào hoạt động", "achevé ou en service"),
        "wafers": ("{n} wafers", "{n} tấm wafer", "{n} plaquettes"),
        "one_sentence": ("in one sentence", "trong một câu", "dans une même phrase"),
        "reported_by": ("Reported by", "Đưa tin", "Publié par"),
        "first": ("first seen", "thấy lần đầu", "vu d’abord"),
        "score": ("score", "điểm", "score"),
        "story": ("story", "chùm tin", "dossier"),
        "coverage": ("Coverage", "Nguồn theo dõi", "Couverture"),
        "hits_a_day": ("Hits a day", "Số tin khớp mỗi ngày", "Articles retenus par jour"),
        "so_far": ("{start} to {end} so far", "{start} đến {end} (chưa hết ngày)", "du {start} au {end} (en cours)"),
        "and_more": ("and {n} more", "và {n} nguồn khác", "et {n} de plus"),
        "covers": ("Covers {start} to {end}", "Từ {start} đến {end}", "Du {start} au {end}"),
        "told_before": ("last told {day}", "đưa lần trước {day}", "signalé la dernière fois le {day}"),
        "untitled": ("(no headline)", "(không có tiêu đề)", "(sans titre)"),
        "nothing": ("Nothing new in this period.", "Không có tin mới trong khoảng thời gian này.", "Rien de nouveau sur cette période."),
        "nothing_short": ("nothing new", "không có tin mới", "rien de nouveau"),
        "late": (
            "Late: due at {due}, made at {made}.",
            "Gửi muộn: đến hạn lúc {due}, lập lúc {made}.",
            "En retard\u00a0: prévu à {due}, établi à {made}.",
        ),
        "asked": ("Made on request.", "Lập theo yêu cầu.", "Établi à la demande."),
        "urgent": ("Urgent", "Tin khẩn", "Urgent"),
        "digest": ("Digest", "Bản tin", "Bulletin"),
        "times_in": ("Times: {zone}", "Giờ: {zone}", "Heures\u00a0: {zone}"),
        "explain": ("Why a story is here", "Vì sao có tin này", "Pourquoi ce sujet"),
        "part": ("part {n} of {k}", "phần {n}/{k}", "partie {n} sur {k}"),
        "gone": ("no longer exists", "không còn tồn tại", "n’existe plus"),
        "failing_since": ("failing since {day}", "lỗi từ {day}", "en échec depuis {day}"),
        "silent_since": (
            "nothing new since {day}, longer than usual",
            "không có bài mới từ {day}, lâu hơn thường lệ",
            "rien de neuf depuis {day}, plus longtemps que d’habitude",
        ),
        "gap_at": ("items may have been missed ({day})", "có thể đã bỏ sót bài ({day})", "des articles ont pu échapper ({day})"),
        "unwatched": (
            "Nothing was watched from {start} to {end}",
            "Không theo dõi từ {start} đến {end}",
            "Aucune veille du {start} au {end}",
        ),
    }
)
# Words by number: (one, several) per language. Vietnamese does not inflect.
_COUNTED = MappingProxyType(
    {
        "n_new": (("{n} new", "{n} new"), ("{n} tin mới", "{n} tin mới"), ("{n} nouveauté", "{n} nouveautés")),
        "n_update": (("{n} update", "{n} updates"), ("{n} cập nhật", "{n} cập nhật"), ("{n} suite", "{n} suites")),
        "n_review": (("{n} worth a look", "{n} worth a look"), ("{n} đáng xem", "{n} đáng xem"), ("{n} à voir", "{n} à voir")),
        "n_found": (
            ("{n} found by your new rule", "{n} found by your new rule"),
            ("{n} tin tìm thấy nhờ quy tắc mới", "{n} tin tìm thấy nhờ quy tắc mới"),
            ("{n} trouvé par votre nouvelle règle", "{n} trouvés par votre nouvelle règle"),
        ),
        "n_found_more": (
            ("{n} more found by your new rule, not listed here", "{n} more found by your new rule, not listed here"),
            ("{n} tin khác tìm thấy nhờ quy tắc mới, không liệt kê ở đây", "{n} tin khác tìm thấy nhờ quy tắc mới, không liệt kê ở đây"),
            ("{n} autre trouvé par votre nouvelle règle, non listé ici", "{n} autres trouvés par votre nouvelle règle, non listés ici"),
        ),
        "topics": (("topic", "topics"), ("chủ đề", "chủ đề"), ("thème", "thèmes")),
        "n_reports": (("{n} report", "{n} reports"), ("{n} bài", "{n} bài"), ("{n} article", "{n} articles")),
        "n_copies": (
            ("{n} copy of one text", "{n} copies of one text"),
            ("{n} bản đăng lại", "{n} bản đăng lại"),
            ("{n} reprise d’un même texte", "{n} reprises d’un même texte"),
        ),
        "n_copies_of": (
            ("{n} copy of {agency}", "{n} copies of {agency}"),
            ("{n} bản đăng lại của {agency}", "{n} bản đăng lại của {agency}"),
            ("{n} reprise de {agency}", "{n} reprises de {agency}"),
        ),
        "n_more": (
            ("{n} more, not listed here", "{n} more, not listed here"),
            ("{n} tin khác, không liệt kê ở đây", "{n} tin khác, không liệt kê ở đây"),
            ("{n} autre, non listé ici", "{n} autres, non listés ici"),
        ),
        "n_below": (
            ("+{n} below your threshold", "+{n} below your threshold"),
            ("+{n} tin dưới ngưỡng của bạn", "+{n} tin dưới ngưỡng của bạn"),
            ("+{n} sous votre seuil", "+{n} sous votre seuil"),
        ),
        "n_echoes": (
            ("{n} repeat folded", "{n} repeats folded"),
            ("đã gộp {n} bài lặp lại", "đã gộp {n} bài lặp lại"),
            ("{n} reprise regroupée", "{n} reprises regroupées"),
        ),
        "n_articles": (
            ("{n} article seen", "{n} articles seen"),
            ("{n} bài đã thấy", "{n} bài đã thấy"),
            ("{n} article vu", "{n} articles vus"),
        ),
        "n_pending": (
            ("{n} page still to be read", "{n} pages still to be read"),
            ("{n} trang chưa đọc", "{n} trang chưa đọc"),
            ("{n} page reste à lire", "{n} pages restent à lire"),
        ),
        "sources": (
            ("{n} of {k} sources healthy", "{n} of {k} sources healthy"),
            ("{n}/{k} nguồn hoạt động tốt", "{n}/{k} nguồn hoạt động tốt"),
            ("{n} source sur {k} en bon état", "{n} sources sur {k} en bon état"),
        ),
        "n_missed": (
            (
                "{n} earlier slot was missed; this digest stands in for it.",
                "{n} earlier slots were missed; this digest stands in for them.",
            ),
            ("{n} kỳ trước bị lỡ; bản này gộp cả kỳ đó.", "{n} kỳ trước bị lỡ; bản này gộp cả các kỳ đó."),
            (
                "{n} envoi précédent a été manqué\u00a0; ce bulletin le remplace.",
                "{n} envois précédents ont été manqués\u00a0; ce bulletin les remplace.",
            ),
        ),
    }
)
_WEEKDAYS = (
    ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật"),
    ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."),
)
_MONTHS = (
    ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    tuple(str(number) for number in range(1, 13)),
    ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
)
_SCALES = (
    (("tn", 1e12), ("bn", 1e9), ("m", 1e6)),
    (("tỷ", 1e9), ("triệu", 1e6)),
    (("Md", 1e9), ("M", 1e6)),
)
_SIGNS = {"USD": "US$", "EUR": "€", "VND": "VND "}
_KINDS = {
    "dns": ("name not found", "không tìm thấy tên miền", "nom introuvable"),
    "connect": ("no connection", "không kết nối được", "connexion impossible"),
    "tls": ("certificate or TLS fault", "lỗi chứng chỉ hoặc TLS", "certificat ou TLS défaillant"),
    "timeout": ("too slow", "quá chậm", "trop lent"),
}


class Labels:
    """The words of one language; English where it has none."""

    def __init__(self, lang: str) -> None:
        self.lang = lang if lang in LANGS else "en"
        self._column = LANGS.index(self.lang)
        self.colon = "\u00a0:" if self.lang == "fr" else ":"
        self.semicolon = "\u00a0; " if self.lang == "fr" else "; "
        self.quotes = ("«\u00a0", "\u00a0»") if self.lang == "fr" else ("“", "”")

    def word(self, name: str, **fields: object) -> str:
        """A label by name, its fields filled in."""
        return _WORDS[name][self._column].format(**fields)

    def count(self, name: str, n: int, **fields: object) -> str:
        """A counted label: `3 updates`."""
        one, several = _COUNTED[name][self._column]
        few = n == 1 or (n == 0 and self.lang == "fr")
        return (one if few else several).format(n=self.number(n), **fields)

    def number(self, n: int) -> str:
        """A whole number with the language's sign between thousands."""
        return f"{n:,}".replace(",", {"en": ",", "vi": ".", "fr": "\u202f"}[self.lang])

    def decimal(self, value: float) -> str:
        """A number with one decimal."""
        text = f"{value:.1f}"
        return text if self.lang == "en" else text.replace(".", ",")

    def day(self, at: datetime, zone: str) -> str:
        """`Thu 26 Sep 2024`, `Thứ Năm 26/9/2024`, `jeu. 26 sept. 2024` in a zone."""
        local = at.astimezone(ZoneInfo(zone))
        weekday, month = _WEEKDAYS[self._column][local.weekday()], _MONTHS[self._column][local.month - 1]
        if self.lang == "vi":
            return f"{weekday} {local.day}/{month}/{local.year}"
        return f"{weekday} {local.day} {month} {local.year}"

    def short_day(self, at: datetime, zone: str) -> str:
        """`26 Sep`, `26/9`, `26 sept.` in a zone."""
        local = at.astimezone(ZoneInfo(zone))
        month = _MONTHS[self._column][local.month - 1]
        return f"{local.day}/{month}" if self.lang == "vi" else f"{local.day} {month}"

    def clock(self, at: datetime, zone: str) -> str:
        """`07:00` in a zone; the digest's foot names the zone once."""
        return f"{at.astimezone(ZoneInfo(zone)):%H:%M}"

    def moment(self, at: datetime, zone: str, now: datetime) -> str:
        """The time alone on the day of `now`, else with its day."""
        here = ZoneInfo(zone)
        same = at.astimezone(here).date() == now.astimezone(here).date()
        return self.clock(at, zone) if same else f"{self.short_day(at, zone)} {self.clock(at, zone)}"

    def zone_sign(self, at: datetime, zone: str) -> str:
        """`CET`, or `UTC+7` where the zone has no letters of its own."""
        name = at.astimezone(ZoneInfo(zone)).strftime("%Z")
        if name[:1] not in "+-":
            return name
        hours, minutes = int(name[:3]), name[3:]
        return f"UTC{hours:+d}" + (f":{minutes}" if minutes else "")

    def amount(self, currency: str, units: int) -> str:
        """`US$200m`, `200 triệu USD`, `200 M USD`."""
        sign, size = next(((sign, size) for sign, size in _SCALES[self._column] if units >= size), ("", 1.0))
        whole, _, rest = f"{units / size:.2f}".partition(".")
        rest = rest.rstrip("0")
        figure = self.number(int(whole)) + (("." if self.lang == "en" else ",") + rest if rest else "")
        if self.lang == "en":
            return f"{_SIGNS.get(currency, currency + ' ')}{figure}{sign}"
        return " ".join(part for part in (figure, sign, currency) if part)

    def figure(self, kind: str, value: float) -> str:
        """`US$200m`, `1,500 MW`, `12.5%`, `10,000 wafers`, `1,200`: a figure by its kind (stories/facts.py)."""
        if len(kind) == 3 and kind.isupper():
            return self.amount(kind, round(value))
        number = self.number(round(value)) if value == round(value) else self._exact(value)
        if kind == "wafers":
            return self.word("wafers", n=number)
        if kind == "%":
            return f"{number}\u00a0%" if self.lang == "fr" else f"{number}%"
        return number if kind == "n" else f"{number} {kind}"

    def _exact(self, value: float) -> str:
        text = f"{value:g}"
        return text if self.lang == "en" else text.replace(".", ",")

    def day_of(self, month: int, day: int) -> str:
        """`15 Sep`, `15/9`, `15 sept.`: a day without its year."""
        name = _MONTHS[self._column][month - 1]
        return f"{day}/{name}" if self.lang == "vi" else f"{day} {name}"

    def fault(self, kind: str) -> str:
        """Why a source fails, in two or three words: `too slow`, `HTTP 500`; an unknown kind as it is."""
        if kind.startswith("http-"):
            return f"HTTP {kind[5:]}"
        return _KINDS[kind][self._column] if kind in _KINDS else kind
