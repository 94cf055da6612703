"""How personal data other than names is written, in English and Chinese, most specific first."""

from __future__ import annotations

import re

from retrieval.text import HAN

_CAPITAL = r"[A-ZÀ-Þ][\w'’.-]*"
_STREET = (
    r"(?:street|road|avenue|lane|boulevard|terrace|crescent|parkway|highway|"
    r"Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Row|View|Walk|Way|Terrace|"
    r"Close|Hill|Mews|"
    r"Yard|Place|Pl|Square|Sq|Crescent|Gardens|Park|Quay|Wharf|Parkway|Pkwy|Highway|Circle|Green|Grove)\b\.?"
)
_UNIT = r"(?:,?\s*(?:[Aa]pt|[Aa]partment|[Ff]lat|[Uu]nit|[Ss]uite|[Rr]oom|#)\.?\s*\d*[A-Za-z]?-?\d*\b)?"
_TOWN = (
    r"(?:,\s*(?!Order|WW|GC|Name|Phone|Tel)[A-ZÀ-Þ][a-zà-ÿ]+(?:\s+[A-ZÀ-Þ][a-zà-ÿ]+)?(?=[\s,.;!?)]|$))?"
    r"(?:,?\s*(?:[A-Z]{2}\s+)?\d{5}(?:-\d{4})?\b|,?\s*[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2}\b)?"
)
_UNITS = (
    r"(?:\s*(?:元|块|dollars?|usd|eur|%|percent|件|天|days?|kg|公斤|克|分|points?|次|小时|hours?|"
    r"米|m\b|mm|cm))"
)

ORDER_NUMBER = r"(?<![A-Za-z0-9-])(?:WW-?\d{7}|[A-Z]{2,4}-\d{5,10}(?:-\d{1,4})?)(?![A-Za-z0-9])"

# The group "value", where there is one, is what is replaced; otherwise the whole match.
_SOURCES: list[tuple[str, str, int]] = [
    ("email", r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII),
    (
        "link",
        r"https?://[^\s<>\"'，。）)]*(?:[?&#](?:[\w-]*(?:token|key|sig|auth|session|code|email|user|uid|"
        r"hash)|t|id)="
        r"|/(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{20,})[^\s<>\"'，。）)]*",
        re.IGNORECASE,
    ),
    ("giftcard", r"(?<![A-Za-z0-9])GC-[A-Z0-9]{4}-[A-Z0-9]{4}(?![A-Za-z0-9])", re.IGNORECASE),
    ("giftcard", r"(?:gift ?card|voucher|礼品卡)\W{0,3}(?:code|number|no\.?|卡号|号码?)?\W{0,3}"
                 r"(?P<value>(?=[A-Z-]*\d)[A-Z0-9]{4}(?:-[A-Z0-9]{4}){1,3})\b", re.IGNORECASE),
    ("ip", r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.]*\d)", 0),
    ("ip", r"(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}(?::?[0-9a-f]{1,4})(?![\w:])", re.IGNORECASE),
    ("id", r"(?<![\dA-Za-z])\d{6}(?:18|19|20)\d{9}[\dXx](?![\dA-Za-z])|(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"
           r"|(?<![\w-])\d{2}-\d{7}(?![\w-])|(?<![\dA-Za-z])9\d{5,7}[0-9A-Z]{10,12}(?![\dA-Za-z])", 0),
    ("id", r"(?:passport|licen[cs]e|national id|id card|tax|vat|ssn|护照|证件|身份证|税号)"
           r"(?:\s*(?:no\.?|number|nr|#|号码?|号))?\s*(?:is|:|：|是)?\s*"
           r"(?P<value>(?=[A-Z-]*\d)[A-Z0-9][A-Z0-9-]{5,19})(?![A-Za-z0-9])", re.IGNORECASE),
    ("card", r"(?<![A-Za-z0-9-])(?:\d{4}[ -]?){3}\d{1,7}(?![A-Za-z0-9-])|(?<![A-Za-z0-9-])3\d{3}[ "
    r"-]\d{6}[ -]\d{5}(?![\w-])", 0),
    ("card", r"(?:card|visa|mastercard|account)\s+(?:number\s+)?ending(?:\s+(?:in|"
    r"with))?\s+(?P<value>\d{4})\b"
             r"|尾号(?:是|为)?\s*(?P<value2>\d{4})(?!\d)", re.IGNORECASE),
    ("reference", r"(?:RRN|reference number|参考号)[^\d\n]{0,60}?(?P<value>\d[\d ]{7,20}\d)", re.IGNORECASE),
    ("phone", r"(?<!\w)\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){1,4}(?![\w-])", 0),
    ("phone", r"(?<![\d.])1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)", 0),
    ("phone", rf"(?<![A-Za-z0-9.$€£¥-])(?!(?:19|20)\d\d[ -](?:19|20)\d\d\b)(?:1[ .-])?(?:\(\d{{3,4}}\)\s?|"
    rf"\d{{3,4}}[ .-])"
              rf"(?:\d{{3,4}}[ .-])?\d{{4,8}}(?![A-Za-z0-9-]|[.,]\d){'(?!' + _UNITS + ')'}", re.IGNORECASE),
    ("phone", r"(?:phone|tel|telephone|mobile|cell|call me (?:at|on)|电话|手机号?|号码)\W{0,3}(?:is|是)?\s*"
              r"(?P<value>\d{7,12})(?!\d)", re.IGNORECASE),
    ("number", r"(?<![A-Za-z0-9.,-])\d{10,19}(?![A-Za-z0-9-]|[.,]\d)", 0),
    ("account", r"(?:微信号?|wechat|QQ号?|加V|whatsapp|instagram)\s*(?:id|号|is|是)?\s*[:：]?\s*"
                r"(?P<value>(?=[\w-]*[\d_])[A-Za-z0-9][\w-]{4,19})", re.IGNORECASE | re.ASCII),
    ("birthday", r"(?:born(?: on)?|date of birth|dob|birthday is|出生(?:日期|于)?|生日是?)\W{0,3}"
                 r"(?P<value>\d{1,2}[ /.-]\w{1,9}[ /.-]\d{4}|"
                 r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?)", re.IGNORECASE),
    ("address", rf"(?<![\w$€£.-])\d{{1,5}}[A-Za-z]?,?\s+(?:{_CAPITAL}\s+){{1,4}}{_STREET}{_UNIT}{_TOWN}", 0),
    ("address", r"(?<![\w$€£.-])\d{1,5}[A-Za-z]?\s+(?:[a-z][a-z'’]+\s+){1,2}"
                r"(?:street|road|avenue|boulevard|lane|terrace)\b" + _UNIT, 0),
    ("address", rf"\b(?:Rua|Rue|Calle|Via|Avenida|Plaza)\s(?:\w+\s){{1,4}}\d{{1,4}}\b{_TOWN}"
                rf"|\b[A-ZÀ-Þ]\w+(?:strasse|straße|gata|gade|veien|weg|platz|laan|"
                rf"straat)\s\d{{1,4}}\b{_TOWN}", 0),
    ("address", r"\b(?:P\.?\s?O\.?\s)?[Bb]ox\s\d{2,6}\b", 0),
    (
        "address",
        rf"(?:(?:地址|寄到|送到|发到|住在|住|改成|改到|发)(?:是|为|写|：|:)?\s*)?(?P<value>"
        rf"(?:[{HAN}]{{2,3}}(?:省|自治区))?(?:[{HAN}]{{2,4}}市)?(?:[{HAN}]{{1,4}}[区县镇乡])?"
        rf"[{HAN}A-Za-z0-9]{{1,8}}?(?:路|街|大道|巷|弄|胡同|"
        rf"道)(?:[东西南北]?[一二三四五六七八九十]段)?[东西南北甲乙]?"
        rf"\d{{1,5}}(?:-\d+)?[号弄](?:[{HAN}]{{0,6}}(?:中心|大厦|小区|花园|广场|公寓))?"
        rf"(?:\d{{0,4}}(?:号楼|幢|栋|座|单元|室|楼|层))*(?:\d{{3,4}}室?)?)",
        0,
    ),
]  # fmt: skip
PATTERNS: list[tuple[str, re.Pattern[str]]] = [
    (kind, re.compile(source, flags)) for kind, source, flags in _SOURCES
]
# A generic order number needs its cue; the company's own form is configurable.
ORDER_CUE = re.compile(
    r"(?:order|ticket|invoice|parcel|tracking|订单|单号|运单|快递单|工单)"
    r"(?:\s*(?:no\.?|number|nr\.?|id|号码?|编号|号))?\s*(?:is|#|:|：|是)?\s*#?"
    r"(?P<value>(?=[A-Z-]{0,6}\d)[A-Z0-9][A-Z0-9-]{5,19})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
