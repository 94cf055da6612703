"""Which digits and codes are a card, a phone, an identity or an order, by shape, checksum and the words around."""

# ruff: noqa: E501 (a pattern is easier to read in one piece)
from __future__ import annotations

import re
from collections.abc import Iterator

from chatbot.privacy.spans import KEPT, Page, Span

# Words that say what the number next to them is; "kept" ones say that it is nobody's.
_CUES = {
    "order": r"orders?|tickets?|invoices?|parcels?|packages?|tracking|shipments?|consignment|waybill|awb|booking|"
             r"reservation|confirmation|reference|ref|case|rma|returns?|claim|transaction|txn|receipt|purchase|"
             r"po|delivery|request|policy|pnr|itinerary|refund|订单|单号|运单|快递|物流|工单|发票|流水|交易|退款|退货|预约|"
             r"预订|提单|包裹|保单|取件|受理|单子|编号",
    "card": r"cards?|visa|master ?card|amex|american express|debit|credit|discover|maestro|unionpay|卡号|银行卡|信用卡|"
            r"储蓄卡|借记卡|付款卡|工行|建行|招行|农行|中行|银联|尾号|卡",
    "account": r"account|acct|a/c|sort code|routing|iban|账号|账户|帐号",
    "id": r"passports?|ssn|social security|socials?|national insurance|nino|ni number|licen[cs]e|driver'?s?|identity|"
          r"id card|id number|id no|id|tax|vat|tin|ein|aadhaar|aadhar|pan|bsn|dni|nie|cpf|nhs|medicare|sin|nric|"
          r"身份证|证件|护照|驾驶证|驾照|社保|税号|通行证|军官证|台胞证|身份|公民|居住证|统一社会信用代码|信用代码|号码证",
    "phone": r"phone|tel|telephone|mobile|mob|cell|cellphone|call|calling|text|whatsapp|fax|contact|reach|ring|number is|"
             r"my number|landline|sms|hotline|dial|电话|手机|联系|致电|来电|拨打|座机|传真|号码|打给|回电|短信|热线|微信同号|tel:",
    KEPT: r"models?|sku|article|item|product|part|isbn|issn|ean|upc|gtin|barcode|version|firmware|error|serial|catalogue|"
          r"catalog|size|price|style|type|build|asin|chapter|page|room temperature|batch|型号|货号|款号|商品编号|"
          r"商品|版本|固件|错误码|错误代码|条码|条形码|序列号|尺码|批号|批次|规格|邀请码|产品编号|产品",
}  # fmt: skip
_CUE = re.compile(
    "|".join(
        f"(?P<{kind}>(?<![A-Za-z])(?:{words})(?![A-Za-z]))" for kind, words in _CUES.items()
    ),
    re.IGNORECASE,
)  # fmt: skip
_LINKING = re.compile(
    r"(?:\s|[:：#=(（\-–—,，.'\"“「【]|numbers?|no\b|nr\b|num\b|id\b|code|is\b|was\b|are\b|for\b|the\b|my\b|this\b|of\b|it's|"
    r"ending|in\b|with|on\b|at\b|me\b|us\b|him\b|her\b|back|to\b|reads?|says?|号码?|编号|单|是|为|叫|码|我|的|后|四位|证|卡|费|在)*$",
    re.IGNORECASE,
)
_UNITS = (
    r"(?:\s?(?:元|块|万|亿|dollars?|bucks|usd|eur|gbp|euros?|pounds?|rmb|cny|yuan|%|percent|件|天|days?|weeks?|months?|"
    r"years?|kg|公斤|克|斤|points?|积分|次|小时|hours?|minutes?|mins?|分钟|mah|毫安|米|mm|cm|km|kwh|watts?|volts?|"
    r"items?|pieces?|pcs|个|台|只|双|套|人|名|位|年|月|日|号(?=之?前|以前|发|到|晚|早|上|下)|ml|毫升|升|gb|mb|tb|[mglwv])(?![A-Za-z]))"
)
_DATE = (
    r"(?:19|20)\d\d\s?[-/.年]\s?\d{1,2}(?:\s?[-/.月]\s?\d{1,2}日?)?|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)?\d\d"
)
_KEEPS = [
    re.compile(source, re.IGNORECASE)
    for source in (
        rf"(?<![\w-])(?:{_DATE})(?:[T ]\d{{1,2}}:\d\d(?::\d\d)?(?:\.\d+)?Z?)?(?![\w-]*\d)",
        r"(?<![\w:])\d{1,2}:\d\d(?::\d\d)?(?:\s?[-–~到至]\s?\d{1,2}:\d\d)?",
        r"(?:[$€£¥￥]|usd|eur|gbp|rmb|cny|us\$)\s?\d[\d,]*(?:\.\d+)?(?:\s?[-–~]\s?[$€£¥￥]?\d[\d,.]*)?",
        rf"(?<![\w-])\d[\d,]*(?:\.\d+)?(?:\s?[-–~到至x×*]\s?\d[\d,.]*){{0,2}}{_UNITS}",
        r"(?<![\w-])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w-])",
        r"(?<![\w-])(?:19|20)\d\d\s?[-–~/至到]\s?(?:19|20)\d\d(?![\w-])",
    )
]
_CODE = re.compile(
    r"(?<![A-Za-z0-9_-])#?(?=[A-Za-z0-9_/-]*\d)(?=[A-Za-z0-9_/-]*[A-Za-z])[A-Za-z0-9]+(?:[-_/][A-Za-z0-9]+)*"
    r"(?:\(\d\))?(?![A-Za-z0-9])",
    re.ASCII,
)
_RUN = re.compile(r"(?<![A-Za-z0-9_.])[+#]?\(?\d(?:(?:[ .\-–·/]|\)[ -]?|\s?\(|\s-\s|  )?\d)*(?!\d)", re.ASCII)
_SPELLED = re.compile(
    r"(?<![A-Za-z])(?:(?:double|triple)\s)?(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|\d)"
    r"(?:[\s,.-]+(?:(?:double|triple)\s)?(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|"
    r"(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|\d)){4,}(?![A-Za-z])"
    r"|[零〇幺一二三四五六七八九]{7,20}|[零〇幺一二三四五六七八九]{3,4}(?:[\s-][零〇幺一二三四五六七八九]{3,4}){2,4}",
    re.IGNORECASE,
)
# National numbers that their own shape gives away.
_IDS = [
    re.compile(source, flags)
    for source, flags in (
        (r"(?<![\dA-Za-z])[1-9]\d{5}[ -]?(?:18|19|20)\d{2}[ -]?(?:0[1-9]|1[0-2])[ -]?(?:0[1-9]|[12]\d|3[01])[ -]?\d{3}[\dXx*](?![\dA-Za-z])", 0),
        (r"(?<![\dA-Za-z])[1-6]\d{5} (?:18|19|20)\d{6} \d{3}[\dXx]|(?<![\dA-Za-z])[1-6]\d{5} (?:18|19|20)\d\d \d{4} \d{3}[\dXx]", 0),
        (r"(?<![\dA-Za-z])(?:\d{4} ){4}\d[Xx](?![\dA-Za-z])", 0),
        (r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])|(?<![\w-])\d{2}-\d{7}(?![\w-])", 0),
        (r"(?<![\dA-Za-z])9\d{5,7}[0-9A-Z]{10,12}(?![\dA-Za-z])(?<=[A-Z0-9]{18})", 0),
        (r"(?<![A-Za-z0-9])[A-Z]{2}[ -]?\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?[A-D](?![A-Za-z0-9])", re.IGNORECASE),
        (r"(?<![A-Za-z0-9])(?:[A-Z]{1,2}\d{6}\([0-9A]\)|[A-Z][12]\d{8}|[STFG]\d{7}[A-Z]|[XYZ]\d{7}[A-Z]|\d{8}[A-HJ-NP-TV-Z]|"
         r"[A-Z]{5}\d{4}[A-Z]|[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]|[A-Z9]{5}\d{6}[A-Z9]{2}\d[A-Z]{2})(?![A-Za-z0-9])", 0),
        (r"(?<![\w.-])\d{3}\.\d{3}\.\d{3}-\d{2}(?![\w-])", 0),
    )
]  # fmt: skip
_ORDERS = re.compile(
    r"#?(?:[A-Z]{1,6}[-_]?\d{6,}(?:[-_]\d+)*|[A-Z]{2,6}(?:[-_][A-Z0-9]{2,})*[-_]\d{5,}(?:[-_][A-Z0-9]+)*|1Z[A-Z0-9]{16}|"
    r"(?:ORD|ORDER|INV|RMA)[-_][A-Z0-9]*\d[A-Z0-9]*(?:[-_][A-Z0-9]+)*|"
    r"[A-Z]{2}\d{9}[A-Z]{2}|[A-Z]{2,6}[-_]\d{4}[-_][A-Z0-9]{4,}|#\d{4,})",
    re.IGNORECASE,
)


def find_numbers(page: Page) -> Iterator[Span]:
    """All of them, on a page from which e-mails, links and addresses are taken; spans do not overlap."""
    if re.search(r"\d", page.text):
        yield from _figures(page)
    for match in _SPELLED.finditer(page.text):
        kind, _ = _cue(page.text, *match.span())
        yield Span(*match.span(), kind if kind and kind != KEPT else "number")


def _figures(page: Page) -> Iterator[Span]:
    for pattern in _IDS:
        for match in pattern.finditer(page.text):
            if _cue(page.text, *match.span())[0] not in (KEPT, "phone"):
                yield Span(*match.span(), "id")
    for pattern in _KEEPS:
        for match in pattern.finditer(page.text):
            kind, near = _cue(page.text, *match.span())
            if sum(map(str.isdigit, match.group())) < 9 or kind == KEPT or not near:
                yield Span(*match.span(), KEPT)
    for match in _CODE.finditer(page.text):
        if kind := _of_code(page.text, match):
            yield Span(*_widened(page.text, kind, *match.span()), kind)
    for match in _RUN.finditer(page.text):
        for start, end in _split(match):
            if page.text[start] == "(" and ")" not in page.text[start:end]:
                start += 1
            if kind := _of_digits(page.text, start, end):
                yield Span(start, end, kind)


def luhn(digits: str) -> bool:
    """Whether the check digit of a card number is right."""
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(d), 10)) for d in even)) % 10 == 0


def _cue(text: str, start: int, end: int) -> tuple[str, bool]:
    """What the words before say, else those after; and whether nothing else stands between."""
    before = re.split(r"[!?。！？；;\n]|(?<=[a-z])\.\s", text[max(0, start - 45) : start])[-1]
    found = list(_CUE.finditer(before))
    if found:
        last = found[-1]
        gap = before[last.end() :]
        near = bool(_LINKING.match(gap))
        named = [m for m in found if m.lastgroup not in ("order", "phone") or m is last]
        # "the number on my order card": the last word says it; "order number" says more than "number".
        if (
            last.group().lower() in ("号码", "编号", "number is", "id")
            and len(found) > 1
            and len(before[found[-2].end() : last.start()]) < 3
        ):
            return str(found[-2].lastgroup), near
        return str((last if near else named[-1]).lastgroup), near
    after = re.split(r"[,.!?。！？，；;\n]", text[end : end + 24])[0]
    if re.match(r"\s?[这那][一个]?(?:单|笔订单|订单)", after):
        return "order", True
    if said := re.match(
        r"\W{0,3}(?:\s?(?:is|was|being|这|是|为|那|就)\s?)(?:my|the|our|个|我|我的)?\s?", after
    ):
        for match in _CUE.finditer(after[said.end() :]):
            if match.start() < 8:
                return str(match.lastgroup), True
    return "", False


def _of_code(text: str, match: re.Match[str]) -> str:
    """Letters and digits together: an order or an identity, where a word or the shape says so."""
    code = match.group()
    digits = sum(map(str.isdigit, code))
    kind, near = _cue(text, *match.span())
    if kind == KEPT:
        return KEPT if near or digits < 8 else ""
    if kind in ("id", "account") and ((near and digits >= 3 and len(code) >= 5) or digits >= 6):
        return kind
    if kind == "order" and ((near and digits >= 2 and len(code) >= 4) or digits >= 6):
        return (
            KEPT
            if re.fullmatch(r"\d+(?:st|nd|rd|th|x|pm|am|[a-z]{1,6})|[a-z]+\d", code, re.IGNORECASE)
            and digits < 4
            else "order"
        )
    if re.fullmatch(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", code, re.IGNORECASE):
        return "number"
    if _ORDERS.fullmatch(code):
        return "order" if kind not in ("card", "phone") or not near else kind
    if re.match(r"(?:tel|phone|mob|cell|ph|wa)\d{7,}", code, re.IGNORECASE):
        return "phone"
    return "number" if digits >= 10 else ""


def _widened(text: str, kind: str, start: int, end: int) -> tuple[int, int]:
    """Over the groups that follow, where an identity or an account is written with spaces."""
    more = (
        re.match(r"(?: [A-Z0-9]*\d[A-Z0-9]*)+(?![A-Za-z0-9])", text[end:])
        if kind in ("id", "account")
        else None
    )
    return start, end + more.end() if more else end


def _split(match: re.Match[str]) -> list[tuple[int, int]]:
    """Two numbers with a space between, when one of them is whole by itself: "12345678 13912345678"."""
    start, text = match.start(), match.group()
    groups = [(start + g.start(), start + g.end()) for g in re.finditer(r"[^ ]+", text)]
    if len(groups) == 1 or all(end - begin < 9 for begin, end in groups) or re.match(r"\+|00|86\b", text):
        return [match.span()]
    return groups


def _of_digits(text: str, start: int, end: int) -> str:
    """Digits, whatever stands between them."""
    run = text[start:end]
    digits = re.sub(r"\D", "", run)
    groups = [len(g) for g in re.findall(r"\d+", run)]
    n = len(digits)
    kind, near = _cue(text, start, end)
    if kind == KEPT and (near or n < 9):
        return KEPT
    if run.startswith("#") and n >= 4:
        return kind if kind in ("id", "card") else "order"
    if re.match(r"\s?[xX×*/]\s?\d|,\d|:\d", text[end:]) and n < 7:
        return ""
    if kind == "order" and near and (n >= 6 or (n >= 4 and not _is_year(digits, groups))):
        return "order"
    if kind == "card" and near and (n >= 12 or (n == 4 and _ending(text, start))):
        return "card"
    if kind in ("id", "account") and (n >= 6 if near else n >= 8) and not _mobile(digits):
        return kind
    if kind == "phone" and n >= (6 if near else 8) and n <= 15 and not _is_year(digits, groups):
        return "phone"
    if n < 7:
        return ""
    return _by_shape(run, digits, groups, kind)


def _by_shape(run: str, digits: str, groups: list[int], kind: str) -> str:
    n = len(digits)
    if 13 <= n <= 19:
        if (
            kind == "card"
            or (luhn(digits) and kind != "order" and digits[0] in "23456")
            or groups[:3] == [4, 4, 4]
            or groups == [4, 6, 5]
        ):
            return "card"
        if (
            n == 15
            and re.match(r"[1-6]\d{5}\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}$", digits)
            and kind != "order"
        ):
            return "id"
        if run.startswith("+") or (digits.startswith(("0086", "861")) and n in (13, 15)):
            return "phone"
        return "order" if n < 16 or digits[0] not in "3456" or kind == "order" else "card"
    if n > 19:
        return "order"
    if groups == [4, 4, 4] and kind != "phone" and not run.startswith("+"):
        return "id"
    if groups == [3, 7, 7] or (kind == "order" and not _phone_shape(run, digits, groups)):
        return "order"
    if _phone_shape(run, digits, groups):
        return "phone"
    return (
        ("card" if kind == "card" and n >= 12 else "order")
        if n >= 10 and "." not in run and "/" not in run
        else ""
    )


def _phone_shape(run: str, digits: str, groups: list[int]) -> bool:
    n = len(digits)
    if run.startswith(("+", "00")):
        return 8 <= n <= 15
    if _mobile(digits) or re.fullmatch(r"[48]00\d{7}", digits):
        return True
    if digits[0] == "0" and 9 <= n <= 12 and groups != [n]:
        return True
    if n == 11 and digits[0] == "0":
        return True
    if groups in ([3, 4], [4, 4]):
        return (
            run[0] not in "1"
            and not (digits[:3].endswith("00") and digits.endswith("00"))
            and "/" not in run
            and "." not in run
        )
    if groups in (
        [3, 3, 4],
        [1, 3, 3, 4],
        [5, 5],
        [5, 6],
        [3, 7],
        [4, 6],
        [3, 4, 4],
        [4, 3, 3],
        [2, 4, 4],
        [2, 2, 2, 2, 2],
        [3, 8],
        [4, 7],
        [4, 8],
    ):
        return True
    if "(" in run and 8 <= n <= 12:
        return True
    return groups == [10] and bool(re.fullmatch(r"[2-9]\d{2}[2-9]\d{6}|[6-9]\d{9}", digits))


def _mobile(digits: str) -> bool:
    return bool(re.fullmatch(r"(?:0{0,2}86)?1[3-9]\d{9}", digits))


def _is_year(digits: str, groups: list[int]) -> bool:
    return len(groups) == 1 and len(digits) == 4 and digits[:2] in ("19", "20")


def _ending(text: str, start: int) -> bool:
    return bool(
        re.search(
            r"(?:ending(?: in| with)?|last (?:four|4)(?: digits)?(?: (?:of|on) (?:my|the|this) (?:\w+ )?card)?(?: are| is|:)?|尾号(?:是|为)?|后四位(?:是|为)?)\W{0,3}$",
            text[:start],
            re.IGNORECASE,
        )
    )
