"""How e-mails, links, addresses on the net, gift cards, accounts and birthdays are written."""

# ruff: noqa: E501 (a pattern is easier to read in one piece)
from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from chatbot.privacy.spans import KEPT, Span

_TLD = (
    r"(?:com|net|org|edu|gov|io|co|cn|uk|de|fr|es|it|nl|eu|us|ca|au|in|jp|me|info|biz|example|test|[a-z]{2})"
)
_AT = r"(?:\s?[(\[{<]\s?(?:at|艾特|@)\s?[)\]}>]\s?|\s+at\s+(?=[\w-]+\s+dot\s|(?:gmail|yahoo|hotmail|outlook|icloud|aol|qq|163|126)\b)|\s?艾特\s?|\s@\s?|@\s|\s?#at#\s?)"
_DOT = r"(?:\s?[(\[{<]\s?(?:dot|点|\.)\s?[)\]}>]\s?|\s+dot\s+|\s?点\s?|\s\.\s?|\.)"
_KEY = (
    r"(?:[\w-]*(?:token|key|sig|signature|auth|session|sid|code|email|user|uid|hash|secret|password|pwd|"
    r"otp|ticket|order|tracking|customer|account|invite|phone|mobile|jwt)[\w-]*|t|id|k|u)"
)
# No personal data behind these, however long their numbers: they name pages, not people.
_LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>\"'，。；！？）)、\u4e00-\u9fff]+"
    r"|(?<![\w@.])(?:[\w-]+\.)+[a-z]{2,}/[^\s<>\"'，。；！？）)、\u4e00-\u9fff]+",
    re.IGNORECASE,
)
_SECRET = re.compile(
    rf"[?&#;]{_KEY}=[^&\s]{{2,}}"
    r"|//[^/\s@]+:[^/\s@]+@"
    r"|/(?:orders?|track(?:ing)?|reset|verify|confirm|invite|invoices?|tickets?|unsubscribe|activate|login|"
    r"magic|auth|t|u|r|s|p)/(?:[\w-]+/)*(?=[\w-]*\d)[\w-]{5,}"
    r"|/(?=[\w-]*\d)(?=[\w-]*[A-Za-z])(?=\w)[A-Za-z0-9_]{20,}|/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{13,}"
    r"|=[A-Za-z0-9_.-]*(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{20,}",
    re.IGNORECASE,
)

_SOURCES: list[tuple[str, str, int]] = [
    ("email", r"[\w.+%'\u00c0-\u024f-]*[\w+%\u00c0-\u024f-]@{1,2}(?:[A-Za-z0-9\u00c0-\u024f-]+|[\u4e00-\u9fff]{1,8})"
              r"(?:\.[A-Za-z0-9\u00c0-\u024f-]+)+", re.ASCII),
    ("email", rf"(?<![\w.])[A-Za-z0-9][\w.+-]*(?:{_DOT}[\w+-]+){{0,2}}?{_AT}[A-Za-z0-9-]+(?:{_DOT}[A-Za-z0-9-]+)"
              rf"{{0,2}}?{_DOT}{_TLD}(?:{_DOT}{_TLD})?(?![A-Za-z0-9])", re.IGNORECASE | re.ASCII),
    ("email", rf"(?<![\w.])[A-Za-z0-9][\w.+-]*@[A-Za-z0-9-]+{_DOT}{_TLD}(?:{_DOT}{_TLD})?(?![A-Za-z0-9])",
     re.IGNORECASE | re.ASCII),
    ("giftcard", r"(?:gift ?card|voucher|礼品卡)\W{0,3}(?:code|number|no\.?|卡号|号码?)?\W{0,3}"
                 r"(?P<value>(?=[A-Z-]*\d)[A-Z0-9]{4}(?:-[A-Z0-9]{4}){1,3})\b", re.IGNORECASE),
    ("reference", r"(?:RRN|reference number|参考号)[^\d\n]{0,60}?(?P<value>\d[\d ]{7,20}\d)", re.IGNORECASE),
    ("account", r"(?:微信号?|wechat|QQ号?|加V|whatsapp|instagram|telegram|skype|旺旺)\s*(?:id|号|is|是|at)?"
                r"\s*[:：]?\s*(?P<value>(?=[\w-]*[\d_])[A-Za-z0-9][\w-]{4,19})", re.IGNORECASE | re.ASCII),
    ("account", r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?(?![A-Za-z0-9])", 0),
    ("birthday", r"(?:born(?: on)?|date of birth|dob|birthday is|出生(?:日期|于|年月)?|生日)\W{0,3}(?:is|是)?\s*"
                 r"(?P<value>\d{1,2}(?:st|nd|rd|th)?[ /.-]\w{1,9}[ /.,-]{1,2}\d{2,4}|[A-Z][a-z]{2,8} \d{1,2},? \d{4}|"
                 r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?)", re.IGNORECASE),
]  # fmt: skip
EMAILS = [re.compile(source, flags) for kind, source, flags in _SOURCES if kind == "email"]
# Each of these has a digit in it.
PATTERNS = [(kind, re.compile(source, flags)) for kind, source, flags in _SOURCES if kind != "email"]
_IP = re.compile(
    r"(?<![A-Za-z0-9:])(?:[0-9a-f]{0,4}:){2,6}(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"
    r"|(?<![\d.-])(?:\d{1,3}\s?[.。]\s?){3}\d{1,3}(?![\d-]|\.\d)"
    r"|(?<![A-Za-z0-9:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![A-Za-z0-9:])",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"(?:version|firmware|\bv|\bver\.?|release|build|update|固件|版本号?|系统)\W{0,3}$", re.IGNORECASE
)
_MAC = re.compile(r"(?<![A-Za-z0-9:-])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![A-Za-z0-9:-])", re.IGNORECASE)


def find_links(text: str) -> Iterator[Span]:
    """Links: those with something personal in them as "link", the others as what may stay."""
    for match in _LINK.finditer(text):
        link = match.group().rstrip(".,;:!?")
        yield Span(
            match.start(), match.start() + len(link), "link" if "@" in link or _SECRET.search(link) else KEPT
        )


def find_ips(text: str) -> Iterator[Span]:
    """Addresses of machines; what looks like one after "version" or "firmware" stays."""
    for match in _MAC.finditer(text):
        yield Span(*match.span(), "ip")
    for match in _IP.finditer(text):
        plain = re.sub(r"\s", "", match.group()).replace("。", ".")
        version = _VERSION.search(text[max(0, match.start() - 20) : match.start()])
        if len(plain) > 5 and _is_ip(plain):
            yield Span(*match.span(), KEPT if version and "." in plain else "ip")


def _is_ip(value: str) -> bool:
    try:
        ipaddress.ip_address(re.sub(r"(?<![\d])0+(?=\d)", "", value) if "." in value else value)
    except ValueError:
        return False
    return True
