"""Where people live, as they write it in English and Chinese."""

# ruff: noqa: E501 (a pattern is easier to read in one piece)
from __future__ import annotations

import re
from collections.abc import Iterator

from chatbot.privacy.spans import Span
from retrieval.languages.table import HAN

_CAPITAL = r"(?:[A-ZÀ-Þ][\w'’.-]*|of|the|de|la|del|\d{1,3}(?:st|nd|rd|th))"
# Few other things are called so, whatever the case of the letters.
_CLEAR = (
    r"(?:street|str|road|rd|avenue|ave|av|lane|ln|boulevard|blvd|terrace|crescent|cres|parkway|pkwy|highway|hwy|"
    r"turnpike|mews|expressway|causeway|esplanade|gardens|st)"
)
_STREET = (
    r"(?:(?:Street|Str|Road|Rd|Avenue|Ave|Av|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Row|View|Walk|Way|Terrace|"
    r"Ter|Close|Hill|Mews|Yard|Place|Pl|Square|Sq|Crescent|Cres|Gardens|Park|Quay|Wharf|Parkway|Pkwy|Highway|"
    r"Hwy|Circle|Cir|Green|Grove|St|Loop|Trail|Trl|Path|Rise|Gate|Plaza|Alley|Bend|Ridge|Parade|Drove|Vale|"
    r"Broadway|Embankment|Strand|Esplanade|Turnpike|Crossing|Pike|Point|Heights|Marg|Nagar|Common|Passage|"
    r"Fields?|Meadows?|Orchard|Croft|Dell|Glen|End)|(?i:"
    + _CLEAR
    + r"))(?![A-Za-z])\.?(?:\s(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\b)?"
)
_UNIT_WORD = r"(?:[Aa]pt|[Aa]partment|[Ff]lat|[Uu]nit|[Ss]uite|[Ss]te|[Rr]oom|[Rr]m|[Ff]loor|[Ff]l|[Bb]uilding|[Bb]ldg|[Bb]lock|[Ll]ot|[Hh]ouse|#)"
_UNIT = rf"(?:,?\s*(?:{_UNIT_WORD}\.?\s*(?:no\.?\s*)?[\dA-Za-z]{{1,5}}(?:[-/]\d+)?\b|\d{{1,2}}(?:st|nd|rd|th) [Ff]loor))"
_UK = r"[A-Za-z]{1,2}\d[A-Za-z\d]?\s?\d[A-Za-z]{2}\b"
_ZIP = rf"(?:(?:[A-Z]{{2,3}}\.?,?\s+)?\d{{5}}(?:-\d{{4}})?\b|(?:[A-Z]{{2,3}}\s+)?\d{{4}}\b(?!\s*[-:])|{_UK}|[A-Z]\d[A-Z]\s?\d[A-Z]\d\b|[A-Z]{{2}}\b)"
_TOWN = (
    rf"(?:,?\s*{_UNIT})?(?:,\s*(?!Order|Name|Phone|Tel|Thanks|Please|I\b)[A-ZÀ-Þ][a-zà-ÿ]+(?:[\s-]+[A-ZÀ-Þ]?[a-zà-ÿ]+){{0,2}}"
    rf"(?=[\s,.;!?)]|$)){{0,3}}(?:,?\s*(?:[A-Z]{{1,2}}-)?\d{{4,5}}\s[A-ZÀ-Þ][a-zà-ÿ]+(?:\s[A-ZÀ-Þ][a-zà-ÿ]+)?(?=[\s,.;!?)]|$)|,?\s*{_ZIP})?"
)
_HOUSE = r"(?:(?:The\s[A-Z][\w'’]+(?:\s[A-Z][\w'’]+){0,2}|\b(?:[A-Z][\w'’]+\s){1,2}(?:House|Cottage|Farm|Lodge|Hall|Court|Rectory|Barn|Villa|Mill)),\s+)?"
_LEAD = rf"{_HOUSE}(?:(?:{_UNIT_WORD})\.?\s*(?:[Nn]o\.?\s*)?[\dA-Za-z]{{1,5}}(?:[-/]\d+)?,?\s+)?"
_NUMBER = r"(?<![\w$€£.,-])(?:\d{1,5}[A-Za-z]?(?:[-/]\d{1,5}[A-Za-z]?)?)"
_CUE = (
    r"(?:address(?: is| was|:)|live (?:at|in)|living at|moved to|move to|deliver(?:ed|y)? (?:it |them )?(?:to|at)|"
    r"ship(?:ped|ping)? (?:it |them |this )?to|send (?:it |them |this )?to|sent to|reside at|resident of|located at|"
    r"based at|home is|change (?:it|the address) to|pick(?: it)? up (?:from|at)|collect (?:it )?from)"
)
_ENGLISH = [
    re.compile(source, flags)
    for source, flags in (
        (rf"(?:{_LEAD}{_NUMBER}|{_UNIT_WORD}\.?\s*\d{{1,4}}[A-Za-z]?/\d{{1,5}}),?\s+(?:[NSEW]{{1,2}}\.?\s+|North\s+|South\s+|East\s+|West\s+)?(?:{_CAPITAL}\s+){{1,4}}{_STREET}{_UNIT}?{_TOWN}", 0),
        (rf"{_NUMBER}\s+(?:[a-z\d][a-z\d'’]*\s+){{1,3}}(?:{_CLEAR}|drive|dr|way|court|close|square|place|grove|hill)\b"
         rf"(?=\s*(?:,|\.|;|$|\n|and\b|please|in\b|[A-Z]|apt|flat|unit|suite|{_UK})){_UNIT}?(?:,\s*[a-z]+(?:\s[a-z]+)?)?(?:,?\s*(?:[a-z]{{2}}\s+)?\d{{5}}\b|,?\s*{_UK})?", re.IGNORECASE),
        (rf"(?:^|(?<=[\s,(]))(?:{_UNIT_WORD}\.?\s*[\dA-Za-z]{{1,4}},\s*)?{_NUMBER}\s+[A-Z][\w'’]+(?:\s[A-Z][\w'’]+){{0,3}},\s*(?:[A-Z][\w'’ ]+,\s*)?{_ZIP}", 0),
        (rf"\b(?:Rua|Rue|Calle|Via|Viale|Avenida|Plaza|Piazza|Corso|C/|ul\.|Ulica|Jalan|Jl\.)\s(?:[\w'’.]+\s){{1,4}}\d{{1,4}}\b{_TOWN}"
         rf"|(?<!\w)\d{{1,4}},?\s(?:bis\s)?(?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Pp]lace|[Cc]hemin|[Aa]llée)\s(?:[\w'’-]+\s?){{1,4}}{_TOWN}"
         rf"|\b[A-ZÀ-Þ][\wà-ÿß-]+(?:strasse|straße|str\.|gata|gatan|gade|veien|vej|weg|platz|allee|laan|straat|plein|gracht|kade|katu)\s\d{{1,4}}\s?[a-z]?\b{_TOWN}"
         rf"|\b(?:[A-ZÀ-Ž][\wà-ž.-]*\s){{1,3}}(?:utca|út|tér|sokak|sok\.|caddesi|cad\.)\s(?:[Nn]o:?\s?)?\d{{1,4}}\b{_TOWN}", 0),
        (rf"\b[Hh]ouse (?:[Nn]o\.? ?)?\d{{1,4}},? (?:[Ss]treet|[Rr]oad|[Ll]ane|[Bb]lock|[Ss]ector)(?: [Nn]o\.?)? ?\w{{1,4}}{_TOWN}", 0),
        (rf"\b{_UNIT_WORD}\.?\s*\d{{1,4}}[A-Za-z]?,?\s+(?:[A-Z][\w'’.-]+\s){{1,4}}(?:Estate|Park|Centre|Center|Complex|Works|Court|House){_TOWN}", 0),
        (r"\b(?:P\.?\s?O\.?\s?)?[Bb]ox\s\d{2,6}\b" + _TOWN, 0),
        (r"(?<![A-Za-z0-9])[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}\b", 0),
        (rf"(?:post\s?code|postal code|zip(?:\s?code)?)\W{{0,2}}(?:is|:)?\s*(?P<value>{_UK}|\d{{5}}(?:-\d{{4}})?\b|\d{{4}}\b|\d{{6}}\b|[A-Z]\d[A-Z]\s?\d[A-Z]\d)", re.IGNORECASE),
        (rf"\b{_CUE}\s*(?P<value>(?:{_UNIT_WORD}\.?\s*)?(?:no\.?\s*)?\d{{1,5}}[A-Za-z]?(?:[-/]\d+)?,?\s+[A-Za-z][\w'’ ,-]{{3,80}}?)(?=[.!?;\n]|\s+(?:and|please|pls|instead|because|by|before|but|thanks|not|so|with|which|on|my)\b|$)", re.IGNORECASE),
        (rf"\b{_CUE}\s*(?P<value>(?:{_UNIT_WORD})\.?\s*[\dA-Za-z]{{1,5}}[^.!?;\n]{{3,80}}?)(?=[.!?;\n]|\s+(?:and|please|pls|instead|because|by|before|but|thanks|not|so|with|which|on|my)\b|$)", re.IGNORECASE),
    )
]  # fmt: skip
_PROVINCE = (
    "(?:北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|"
    "贵州|云南|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门)"
)
_DIGIT = r"[\d一二三四五六七八九十百零〇A-Za-z甲乙丙丁东西南北]"
_HOME = "(?:小区|花园|公寓|大厦|广场|中心|家园|新村|花苑|嘉园|名苑|公馆|华府|府邸|山庄|别墅|宿舍|写字楼|科技园|工业园|产业园|园区|大学|学院|中学|小学|医院|商城|商厦|国际|雅苑|雅居|豪庭|半岛|学府|[苑园城府湾庭阁轩居邸])"
_INSIDE = (
    rf"(?:[\s,，]?(?:{_DIGIT}{{1,6}}(?:-[A-Za-z\d]{{1,4}})*\s?(?:号宿舍楼|号教学楼|号楼|号院|栋|幢|座|单元|楼|层|室|房|户|号|弄|组|队|期|区|门|铺)"
    rf"(?:[东西南北]侧)?))"
)
_ROAD = r"(?:[东西南北中]?[一二三四五六七八九十]?(?:路|街道|大街|街|大道|道|巷|弄|胡同|里|公路|环路)(?:[东西南北中]?[一二三四五六七八九十]?段)?[东西南北]?)"
_STEP = rf"(?:[{HAN}]{{1,7}}?(?:省|自治区|特别行政区|自治州|地区|盟|市|区|县|旗|镇|乡|街道|村|屯|社区))"
_TAIL = rf"(?:\s?[{HAN}A-Za-z0-9]{{1,10}}?{_HOME})?(?:{_INSIDE})*(?:\s?\d{{3,4}}(?!\d|[{HAN}A-Za-z]))?"
_CHINESE = [
    re.compile(source)
    for source in (
        # road and number, with whatever stands before and after
        rf"(?:{_PROVINCE}(?:省|市|自治区)?\s?)?(?:{_STEP}\s?){{0,4}}[{HAN}A-Za-z0-9]{{1,8}}?{_ROAD}\s?甲?乙?\d{{1,5}}(?:[-之]\d+)?\s?[号弄](?:院|楼|大院)?"
        rf"(?:\s?\d{{1,4}}号)?{_TAIL}",
        # province or city, then two more steps or a place to live
        rf"{_PROVINCE}(?:省|市|自治区|特别行政区)?\s?(?:{_STEP}\s?){{1,5}}(?:[{HAN}A-Za-z0-9]{{1,8}}?{_ROAD})?(?:\s?\d{{1,5}}[号弄])?{_TAIL}",
        rf"(?:{_STEP}\s?){{2,5}}(?:[{HAN}A-Za-z0-9]{{1,8}}?{_ROAD})?(?:\s?\d{{1,5}}[号弄])?{_TAIL}",
        # an estate and the door in it
        rf"(?:[{HAN}]{{1,8}}?{_ROAD})?[{HAN}A-Za-z0-9]{{2,8}}?(?:小区|花园|公寓|大厦|家园|新村|花苑|嘉园|名苑|公馆|华府|苑|园|城|府|湾|庭|阁|轩|广场|中心|国际)\s?{_INSIDE}+(?:\s?\d{{3,4}}(?!\d|[{HAN}A-Za-z]))?",
        rf"(?:[{HAN}]{{2,6}}{_INSIDE}{{2,}}|[{HAN}]{{2,12}}(?:大学|学院|校区|学校|中学|医院){_INSIDE}+)(?:\s?\d{{3,4}}(?!\d|[{HAN}A-Za-z]))?",
        rf"(?:{_DIGIT}{{1,4}}(?:号楼|栋|幢|座))\s?{_INSIDE}+(?:\s?\d{{3,4}}(?!\d|[{HAN}]))?",
        rf"(?:地址|住址|寄到|送到|发到|寄往|住在|搬到|改到|改成|家在)(?:是|为|写|：|:|，)?\s*(?P<value>[{HAN}A-Za-z0-9]{{2,20}}(?:路|街|村|镇|小区|大厦|大学|广场|公寓|学校|驿站|花园|苑|园)(?:[{HAN}A-Za-z0-9-]{{0,16}}(?:号|室|楼|栋|座|单元|层|门))?)",
    )
]  # fmt: skip
# Buildings and doors behind what the patterns found.
_REST = re.compile(
    rf"(?:\s?[{HAN}A-Za-z0-9#·]{{0,12}}?(?:楼|层|座|栋|幢|单元|室|房|舍|塔\d?|苑|园|城|府|厦|广场|中心|大学|学院|公司|酒店|驿站|仓库|门店|"
    rf"(?<![\d-])\d{{1,4}}-\d{{1,4}}[A-Z]?F?(?![\d-])|\d{{1,3}}[A-Z]?F(?![A-Za-z])))+(?:\s?\d{{3,4}}(?!\d))?"
)
_SAID = re.compile("[我你您他她的了吗呢是不没有收签送寄找给请麻]|快递|电话")  # no part of a place
# Words that a pattern takes along before the place begins.
_BEFORE = re.compile(
    rf"^.*(?:地址|住址|寄到|送到|发到|寄往|发往|送往|寄给|发给|住在|搬到|改到|改成|改为|换成|位于|家在|人在|我在|就在|在|现居|居住|"
    rf"收货|收件|麻烦|帮我|帮忙|请|是|为|到|住|寄|址|的)(?=[{HAN}A-Za-z0-9]{{2,}})"
)
_NOT_PLACES = re.compile(
    r"(?:小区门|商品|超市$|城市|区别|市场|地区(?:都|能|可)|专区|社区(?:服务|活动)|县城|哪|什么|怎么|我们|你们|(?<!成)都|能|没有|有没|"
    r"专卖|售后|门店|直营|道歉|知道|渠道|味道|频道|通道|几号|多少|任何|其他|所有|各)"
)


def find_addresses(text: str) -> Iterator[Span]:
    """Streets with a number, post boxes, post codes, and the Chinese chain of province, city, road, door."""
    for pattern in _ENGLISH if re.search(r"\d", text) else ():
        for match in pattern.finditer(text):
            place = "value" if match.groupdict().get("value") else 0
            start, end = match.span(place)
            while end > start and text[end - 1] in " ,":
                end -= 1
            if not _is_amount(text[start:end]):
                yield Span(start, end, "address")
    if not re.search("[省市区县旗镇乡村屯路街道巷弄里号院栋幢座园苑城府湾庭阁轩厦寓场心际学厂校]|胡同", text):
        return
    for pattern in _CHINESE:
        for match in pattern.finditer(text):
            start, end = match.span("value" if match.groupdict().get("value") else 0)
            if before := _BEFORE.match(text[start:end]):
                start += before.end()
            rest = _REST.match(text, end)
            if rest and not _SAID.search(rest[0]):
                end = rest.end()
            if end - start >= 4 and not _NOT_PLACES.search(text[start:end]):
                yield Span(start, end, "address")


def _is_amount(text: str) -> bool:
    """ "2 weeks drive", "30 days in the park": a number with what it counts, not with a street."""
    return bool(
        re.match(
            r"\d+\s+(?:or|to|and|of|days?|weeks?|hours?|hrs?|min(?:ute)?s?|months?|years?|times?|items?|people|"
            r"pieces?|orders?|pairs?|boxes|more|other|different|miles?|km|business|working|reasons?|stars?|"
            r"packs?|bottles?|euros?|dollars?|pounds?|usd|percent|x)\b",
            text,
            re.IGNORECASE,
        )
    )
