"""Text that means harm, made fast from a seed: fragments that break out of headers, markup, terminals, chats, sheets and logs, glued at random."""

from __future__ import annotations

import random

FRAGMENTS = (
    # mail headers and SMTP
    "\r\nBcc: victim@example.org\r\n",
    "\nBcc: victim@example.org\n\n<b>body</b>",
    "\rCc: victim@example.org",
    "=?utf-8?q?Hi=0D=0ABcc:_victim@example.org?=",
    "=?utf-8?b?DQpCY2M6IHZAZXhhbXBsZS5vcmc=?=",
    "=?us-ascii?q?=0ABcc=3A?= =?utf-8?q?=0D?=",
    "\r\n.\r\nMAIL FROM:<v@example.org>\r\n",
    "\n.\n",
    "\r\n--=_boundary\r\nContent-Type: text/html\r\n\r\n",
    '"quoted" <v@example.org>, other@example.org',
    "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029X-Evil: y",
    "%0d%0aX-Evil:%20y",
    # HTML and XML
    "<script>alert(1)</script>",
    "</title></head><body onload=alert(1)>",
    "\" onmouseover=alert(1) x='",
    "' onfocus='alert(1)",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<!--",
    "-->",
    "]]>",
    "<![CDATA[",
    "<?xml version='1.0'?>",
    "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "&lt;script&gt;",
    "&#60;b&#62;",
    "&#x3c;i&#x3e;",
    "&amp;amp;",
    "+ADw-script+AD4-",
    "\xc0\xbcscript\xc0\xbe",
    "＜script＞",
    "<base href=//evil.example>",
    "<style>@import url(//evil.example)</style>",
    "<iframe srcdoc='<script>1</script>'>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=1>",
    "</pre>",
    "</td></tr></table>",
    # templates and formats
    "{{7*7}}",
    "{% raw %}",
    "{{ self.__init__.__globals__ }}",
    "${7*7}",
    "#{7*7}",
    "%s%n%(x)s",
    "{0.__class__}",
    "{",
    "}",
    "{{DATE(2017-02-14T06:08:39Z,SHORT)}}",
    # terminals
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07",
    "\x1b]0;title\x07",
    "\x1b[2J\x1b[H",
    "\x9b31m",
    "\x9d52;c;ZXZpbA==\x9c",
    "\x08\x08\x08\x7f",
    "\u202eevil\u202c",
    "\u2066a\u2069",
    "\u061c",
    "[bold red]x[/bold red]",
    "[link=https://evil.example]x[/link]",
    # chats
    "@everyone @here",
    "<!channel>",
    "<!here|here>",
    "<@U012AB3CD>",
    "<@&123456>",
    "<#C123>",
    "<https://evil.example|good.example>",
    "[good](https://evil.example)",
    "[good]: https://evil.example",
    "![x](https://evil.example/p.png)",
    "https://evil.example/",
    "*bold* _it_ ~st~ `code` ||spoiler||",
    "```\nblock\n```",
    "> quote",
    "# head",
    "\\",
    "\\[",
    "|",
    "<b>",
    "</blockquote>",
    "<tg-spoiler>",
    # sheets, logs, files
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\n2026-01-01T00:00:00Z [error] forged",
    '", "forged": "yes',
    "\nREADY=1\nSTOPPING=1",
    "../../etc/passwd",
    "\x00",
    '"""',
    "'''",
    "\n[feed.evil]\nurl = 'http://127.0.0.1/'\n",
    # letters
    "\ud800",
    "\udfff lone",
    "Z\u0301\u0302\u0303\u0304\u0305\u0306\u0307",
    "\u200b\u200c\u200d\ufeff\u2060",
    "\U000e0041\U000e007f",
    "\ufffe\uffff\U0001ffff",
    "e\u0301",
    "Tô Lâm thăm Hà Nội",
    "中文",
    "🇻🇳👩‍🚀",
    "\xad",
    "\xa0",
    " ",
)
_PLAIN = ("FPT", "Nvidia", " and ", " sign ", "chips", ", ", ". ", "a plant", " in Da Nang", "12 %", "US$200 million")
_WORST = "\r\n\t\x00\x0b\x0c\x1b\x7f\x85\x9b\u2028\u2029\u202e\u2066\ufeff\"'<>&\\`*_[]()#|~=?@:;/%${}+-"


class Hostile:
    """An endless supply of such texts, always the same for one seed. `made` counts them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.made = 0

    def text(self) -> str:
        """A few fragments with plain words and odd characters between."""
        self.made += 1
        rnd = self.random
        parts = []
        for _ in range(rnd.randrange(1, 6)):
            kind = rnd.random()
            if kind < 0.6:
                parts.append(FRAGMENTS[int(rnd.random() * len(FRAGMENTS))])
            elif kind < 0.8:
                parts.append(_PLAIN[int(rnd.random() * len(_PLAIN))])
            elif kind < 0.95:
                parts.append("".join(rnd.choices(_WORST, k=rnd.randrange(1, 5))))
            else:
                parts.append("".join(chr(rnd.randrange(0x110000)) for _ in range(rnd.randrange(1, 6))))
        if rnd.random() < 0.01:
            parts.append(parts[0] * rnd.randrange(50, 300))
        return "".join(parts)

    def stored(self) -> str:
        """A text as the store gives it back: what cannot be written as UTF-8 is gone."""
        return self.text().encode("utf-8", "replace").decode()

    def url(self) -> str:
        """An address, mostly a web address, with a text inside."""
        self.made += 1
        rnd = self.random
        start = rnd.choice(
            (
                "https://news.example/",
                "http://news.example/?q=",
                "https://",
                "javascript:",
                "data:text/html,",
                "//",
                "",
                "https://u:p@x.example/",
            )
        )
        return start + FRAGMENTS[int(rnd.random() * len(FRAGMENTS))] + str(rnd.randrange(1000))
