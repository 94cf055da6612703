"""Find the names of people by what stands around them: a greeting, a signature, "my name is", 收件人.

No list of names and no model: such a list misses most of the world's names, and a model for this would be
larger than the chat model. A name that one message gives away is then replaced in the whole conversation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from retrieval.text import HAN


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD = r"[A-ZÀ-Þ][a-zà-ÿ]+(?:['’-][A-ZÀ-Þ]?[a-zà-ÿ]+)*"
_FULL = rf"{_WORD}(?:\s+(?:[A-Z]\.|v[ao]n|de[rl]?|da|di|bin|Mc{_WORD}|O['’]{_WORD}|{_WORD})){{0,3}}"
_TWO = rf"{_WORD}\s+(?:(?:[A-Z]\.|v[ao]n|de[rl]?|da|di|bin)\s+)?(?:Mc|O['’])?{_WORD}(?:\s+{_WORD})?"
_END = r"(?=\s*(?:[,.!?;:)\n\[(]|$|\band\b|\bhere\b|\bagain\b|\bfrom\b|\bspeaking\b|[:;]-?[)(]))"
_MARK = r"\[(?:email|phone|order|address|card|id)-\d+\]"

_CUES = [
    rf"(?:\b[Mm]y name is|\b[Nn]ame is|\b[Nn]ame['’]s|\b[Nn]ame:|\b[Cc]all me|\b[Aa]ttn:?|\bc/o|"
    rf"\b[Rr]ecipient:?|"
    rf"\b[Ss]igned,?|\b[Cc]ontact:)\s+(?P<name>{_FULL})",
    rf"\b(?:[Ii] am|[Ii]['’]?m|[Tt]his is|[Ii]t['’]?s|by name|name of)\s+(?P<name>{_TWO}){_END}",
    rf"\b[Tt]his is\s+(?P<name>{_WORD})(?=\s*(?:,|speaking|from|here))",
    rf"\b(?:[Ii]t['’]?s|[Ii]['’]?m)\s+(?P<name>{_WORD})(?=\s+(?:here|again|speaking)\b)",
    rf"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Professor|Sir|Madam|Mx)\.?\s+(?P<name>{_FULL})",
    rf"^\W*(?:Hi|Hello|Hey|Dear|Good (?:morning|afternoon|evening|day)|Thanks|Thank you|Thank you very "
    rf"much|Welcome back|"
    rf"Sorry|Noted|Okay|Done|Sure|Yes|No|Great|Perfect|Congratulations|"
    rf"Morning),?\s+(?P<name>{_FULL})(?=\s*[,!.:?]|\s+again|$)",
    rf"^(?:hi|hello|hey),?\s+(?P<name>{_FULL})\s+here\b",
    rf"(?P<name>{_FULL})\s+(?:here|again)\b(?=\s*(?:[.,!:;\[]|$))",
    rf"(?:[Rr]egards|[Ss]incerely|[Bb]est(?: wishes)?|[Yy]ours(?: truly| faithfully)?|[Cc]heers|[Tt]hanks|"
    rf"[Tt]hank you|[Tt]hx)"
    rf"[,!.]?\s+(?:and regards,?\s+)?(?P<name>{_FULL})\s*[.!]?$",
    rf"(?:^|\s)[-–—~]\s*(?P<name>{_FULL})\s*(?:,[^,]*)?$",
    rf"(?:^|[.!?,]\s+|\s|\()(?P<name>{_TWO}),?\s*(?={_MARK})",
    rf"(?:^|[.!?(]\s+)(?P<name>{_WORD}),\s*(?={_MARK})",
    rf"{_MARK}(?:[,.]|\s+is good for)?\s+(?P<name>{_TWO})(?=\s*[,.!)]|$)",
    rf"[.!?,]\s+(?P<name>{_FULL})$",
    rf"(?:^|[.!?,(]\s*)(?P<name>{_TWO})(?=\s+(?:is (?:the|my) name|by name)\b|,\s+(?:born|aged)\b)",
    rf"\b[Ii]ts\s+(?P<name>{_TWO})(?=\s+I\b)",
    rf"[.!?]\s+(?P<name>{_TWO}),?\s*\d",
]
_ENGLISH = [re.compile(cue, re.MULTILINE) for cue in _CUES]

# Capitalised words that begin sentences or name things, not people.
_COMMON = _words(
    """
    a about account address after all also am amazing an and another any apologies app are as ask at
    back be because been before best bluetooth box brilliant but bye can card chat cheers christmas
    clear click client club code colour color contact could customer dark day dear delivery desk did
    do does done dont dusk either email ember enjoy every exactly excellent express fair fine first
    for friday from germany gift glad gold good got great had happy has have hello help here hi hmm
    how i if in indeed invoice is it its january february march april may june july august september
    october november december just keepwell lamp let like lol look lovely many marketplace
    mastercard me member mine monday more morning much my name never new next nice no none not
    nothing noted now of oh ok okay omg on one only or order ordered our out packed parcel pay
    paypal perfect phew phone please portal puffin quick re received regards resend return right
    sale saturday shall shipped shipping silver since sir so some someone somebody sorry soon
    splendid standard still sunday super support sure tansy team thank thanks that the their them
    then there these they thing this thursday till to today tomorrow too tuesday two unfortunately
    until up us very visa was we wednesday welcome well what when where whether which while who why
    wick wifi will willow with within wonderful wow yay yes yesterday you your yours everyone
    everybody folks guys madam delivered cancelled free agent human operator chapter page privacy
    security profile settings site help centre center glowmate final orders lookup item items points
    harrow mill alder oak english chinese french german spanish usd phd smart ltd llc inc shop store
    both nope yep yeah absolutely certainly promise cool cute stuff question questions hm huh wait
    stop refund refunds house number street flat
    """
)

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾萧肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪"
    "范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂"
    "章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成"
    "苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾"
)
_ZH_NAME = rf"(?:欧阳|司马|上官|诸葛|慕容|司徒|端木|[{_SURNAMES}])[{HAN}]{{1,2}}"
_ZH_END = rf"(?![{HAN}])"
_TITLE = r"(?:先生|女士|小姐(?!姐)|老师|经理|师傅|太太|阿姨|同学|医生|工(?![作程号单]))"
_CHINESE = [
    re.compile(pattern)
    for pattern in (
        rf"(?:我叫|名字叫|名字是|姓名(?:是|[:：])?|(?:收件人|收货人|联系人|户名|取件人)(?:是|叫|[:：])?)\s*"
        rf"(?P<name>{_ZH_NAME}(?!{_TITLE})|[A-Z][a-z]+)(?=[^{HAN}]|$|的|电话|手机|地址|，)",
        rf"(?:我是)(?P<name>{_ZH_NAME}){_ZH_END}",
        rf"(?<!谢)(?P<name>[{_SURNAMES}]{_TITLE})",
        rf"姓(?P<name>[{_SURNAMES}])(?![{HAN}]{{0,1}}名)",
        rf"(?:^|[\s，,。])(?P<name>{_ZH_NAME})\s*(?=\[(?:phone|email|id)-\d+\])",
        rf"\[(?:phone|email|order|id|address)-\d+\][\s，,]*(?P<name>{_ZH_NAME})(?=[\s，,。！]|$)",
    )
]
_NOT_NAMES = _words(
    """
    金卡 金卡会 高级 方便 安心 安心保 包邮 包裹 成功 关于 单号 路上 向您 易碎
    解决 管理 盛夏 温度 安装 康复 武汉 江苏 任何 万一 文件 石材 左右 尚未
    关闭 成都 宁波
    华南 华东 白色 黄色 蓝色 金色 毛病 于是 余额 余额里 单子
    """
)


def find_names(text: str) -> Iterator[str]:
    """Names of people in a message whose other personal data is already marked, as [phone-1]."""
    for cue in _ENGLISH:
        for match in cue.finditer(text):
            if name := _without_common(match["name"]):
                yield name
    for cue in _CHINESE:
        for match in cue.finditer(text):
            if match["name"] not in _NOT_NAMES:
                yield match["name"]


def parts(name: str) -> list[str]:
    """The full name and the words of it that can stand for the person alone, longest first."""
    if not name.isascii() and re.search(f"[{HAN}]", name):
        return [name]
    words = [
        word for word in name.split() if len(word) >= 3 and word[0].isupper() and word.lower() not in _COMMON
    ]
    return sorted({name, *words}, key=len, reverse=True)


def _without_common(name: str) -> str:
    """The name without the sentence words that a pattern took along; "" when nothing is left."""
    words = name.split()
    while words and _is_common(words[0]):
        words.pop(0)
    for i, word in enumerate(words):
        if _is_common(word):
            words = words[:i]
            break
    return " ".join(words)


def _is_common(word: str) -> bool:
    return re.split(r"['’]", word.lower())[0] in _COMMON
