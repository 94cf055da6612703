"""Cut what a customer or an agent wrote down to what was asked and what was answered."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chatbot.privacy.spans import SURROGATE
from chatbot.turn.evidence import is_courtesy
from chatbot.turn.sentences import split_sentences
from retrieval.languages.table import HAN
from retrieval.languages.text import language_of, terms


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MARK = SURROGATE.pattern
_GREETING = re.compile(
    rf"^\W*(?:(?:hi+|hiya|hello|hey+|heyy+|dear|good (?:morning|afternoon|evening|day)|morning|evening|"
    rf"greetings)\b"
    rf"(?:\s+(?:there|again|all|everyone|guys|team|folks|dear|sir or madam|both))?"
    rf"(?:[,\s]*(?:(?:mr|mrs|ms|dr|prof)\.?\s+)?{_MARK})?(?:\s+or "
    rf"whoever)?(?:\s+again)?\s*[,!.:~]*\s*(?:[:;]-?[)(]+)?"
    rf"|(?:您好|你好|亲亲?|哈喽|在吗|在的|嗨)(?:呀|哦|哈|啊|啦)?[，,。！!~～\s]*)+",
    re.IGNORECASE,
)
_OPENING = re.compile(
    rf"^\W*(?:(?:oh|ah|ha|haha|oh no|oh dear|hm+|ok(?:ay)?|well|of course|sure|certainly|gladly|"
    rf"absolutely|no worries|"
    rf"good question|fair question|great question|i understand|i see|thanks?(?: you)?(?: \w+){{0,3}}|"
    rf"(?:i['’]m )?(?:so |very |truly |really )?sorry(?: (?:about|to hear|for) (?:that|this|the \w+|it|"
    rf"your \w+))?|"
    rf"(?:i['’]m |i am )?afraid|apologies|unfortunately for you|"
    rf"不好意思|非常抱歉|真不好意思|很抱歉|抱歉|不客气|好的|哈哈|嗯嗯?|理解您的心情)"
    rf"(?:[，,]?\s*{_MARK}|亲)?\s*(?:[,!.:;，。！~～：…]+)\s*)+",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"(?:^|(?<=[.!?,。，！？\s]))\W*(?:thanks?(?: you)?|thx|ty|cheers|many thanks|谢谢|感谢|多谢|谢啦)"
    r"(?:\s+(?:a lot|a bunch|so much|in advance|very much|again|您|你|啦))*\W*$",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(
    rf"(?:(?:kind |best |warm )?regards|sincerely|yours(?: \w+)?|best(?: "
    rf"wishes)?)[,!.]?\s*(?:prof\.?\s*)?(?:{_MARK}[\s,]*)*$",
    re.IGNORECASE,
)
# An identity given by the way: "(order [order-1])", ", [name-1], [email-1]", "订单[order-1]".
_CUE = (
    r"(?:(?<![A-Za-z])(?:(?:and |so |on |with |at |from )?(?:(?:my|the|mine|same|other) )?(?:order|order "
    r"number|account|user|"
    r"e-?mail|mail|phone|telephone|tel|name|address|number|card|visa|mastercard|same address|tax no\.?|"
    r"mine|to|born|for|"
    r"customer)"
    r"|it['’]?s|its|i['’]?m|im|im at|i am|this is|should be|on|at|in|from|by)(?: (?:number|is|no\.?|at|on))*"
    r"|(?:我的?|收件人的?)?(?:订单号?|单号|收件人|收货人|联系人|电话|手机号?|(?:学校|公司)?邮箱|账号|账户|"
    r"地址|号码|"
    r"卡号?|身份证号?|尾号|税号|姓|叫|是))+"
)
_GIVEN = re.compile(
    rf"[\s,，;–-]*[(（]?\s*(?:{_CUE}\s*[:：#是]?\s*)?(?:Prof\.?\s*|Ms\s*)?{_MARK}"
    rf"(?:[\s,，/&]+(?:(?:and|-) )?(?:{_CUE}\s*[:：#是]?\s*)?{_MARK})*\s*(?:here|again)?[)）]?[\s,.，。!]*$"
    rf"|^\W*{_MARK}(?:[\s,，]+{_MARK})*\s*(?:here|again)?\s*[,.:;，。!]+\s*(?::\))?"
    rf"|\s*[(（]\s*(?:order|订单|my order)?\s*(?:number|号)?\s*{_MARK}\s*[)）]",
    re.IGNORECASE,
)
_AGREES = re.compile(
    r"^\W*(?:ok(?:ay)?|sure|yes|yep|yeah|yes please|yes exactly|yes exactly that|no|k|kk|hmm*|exactly|"
    r"please|hello|hi|help|"
    r"好的?|嗯+|对的?|是的?|不是|在|行|哦+|有|没有|人工)\W*$",
    re.IGNORECASE,
)
_EMOJI = re.compile(r"[\U0001F300-\U0001FAFF\u2600-\u27BF\u2B50\uFE0F\u200D❤]+|[:;]-?[)(DPp]+(?!\w)")
_LINK_LINE = re.compile(r"[^.!?。！？]*https?://\S+[^.!?。！？]*", re.IGNORECASE)
_YES_NO = re.compile(
    r"^(?:yes|no|yes we do|we do|you can|it does|it is|not yet|not at the moment|not at all|of course|"
    r"sadly not|"
    r"unfortunately not|you['’]re fine|certainly|not quite|not now|可以的?|不可以|不行|能的?|不能|有的?|"
    r"是的|会的|不会的?|没有|对的?|支持的?)"
    r"(?:亲|哦|哈|呀|~|～)*$",
    re.IGNORECASE,
)
_CHATTER_ZH = re.compile(
    rf"祝您|放心|辛苦|别着急|别急|消消气|抱歉|不好意思|稍等|请讲|欢迎|随时|理解您|感谢|您别|亲亲|晚安|"
    rf"[{HAN}]*生日快乐"
)
_CHATTER_EN = re.compile(
    r"\b(delete that|your card number|enjoy|good luck|happy to|glad|sorry|apolog\w+|no harm|"
    r"don['’]t worry|"
    r"hope|welcome|congratulations|"
    r"one moment|let me|let['’]s|i understand|i see\b|you['’]re right|thank|thanks|anything else|have a|"
    r"take care|"
    r"feel free|let us know|that['’]s (?:fair|so kind)|annoy\w*|sounds (?:annoying|stressful))\b",
    re.IGNORECASE,
)


def question_of(texts: Sequence[str]) -> str:
    """What the customer asks in these messages: greetings, thanks, and who they are left out."""
    kept = [piece for text in texts if (piece := _asked(text)) and not _AGREES.search(piece)]
    if not kept:
        return ""
    joint = kept[0]
    for piece in kept[1:]:
        joint += (
            " " if joint[-1] in ".?!,。？！，…" else "，" if language_of(joint) == "zh" else ". "
        ) + piece
    return _tidy(joint)


def answer_sentences(text: str) -> list[str]:
    """The sentences of an agent's message that say something: no greeting, no apology, no link.

    A bare "Yes." is joined to what follows it, as it says nothing alone.
    """
    text = _LINK_LINE.sub("", text)
    text = _EMOJI.sub("", re.sub(rf"(?<=\w)\s*(?:{_EMOJI.pattern})\s+(?=[A-Z])", ". ", text))
    text = capital(_opened(_GREETING.sub("", text.strip())))
    found: list[str] = []
    bare = ""
    for sentence in split_sentences(text):
        sentence = _tidy(_opened(sentence))
        if not sentence or is_chatter(sentence):
            continue
        if _YES_NO.fullmatch(sentence.rstrip(" .!,。！，~～：:")):
            bare = sentence.rstrip(" .!,。！，~～：:")
            continue
        sentence = re.sub("[；，：]$", "。", sentence)
        found.append(_joined(bare, sentence) if bare else sentence)
        bare = ""
    return found + ([bare] if bare else [])


def is_chatter(sentence: str) -> bool:
    """Courtesy without a fact in it."""
    if re.search(r"\d", SURROGATE.sub("", sentence)):
        return False
    cue = _CHATTER_ZH if re.search(f"[{HAN}]", sentence) else _CHATTER_EN
    short = len(set(terms(sentence))) <= 5
    return is_courtesy(sentence) or (short and bool(cue.search(sentence))) or not re.search(r"\w", sentence)


def capital(text: str) -> str:
    """The text beginning with a capital letter."""
    return text[:1].upper() + text[1:]


def _asked(text: str) -> str:
    text = _EMOJI.sub("", text.replace("\n", " ")).strip()
    before = None
    while before != text:
        before = text
        for cut in (_GREETING, _SIGNATURE, _GIVEN, _THANKS):
            text = cut.sub("", text).strip()
    return re.sub(r"^[\s,.;:!?，。；：！？~～-]+", "", text)


def _opened(sentence: str) -> str:
    """Without an interjection in front: "Sorry about that! The driver ..." begins with the driver."""
    cut = _OPENING.sub("", sentence.strip())
    return capital(cut) if cut != sentence.strip() else cut


def _joined(bare: str, sentence: str) -> str:
    if re.search(f"[{HAN}]", sentence):
        return f"{bare}，{sentence}"
    first = sentence.split()[0]
    lower = first in _LOWERED
    return f"{capital(bare)}, {sentence[0].lower() + sentence[1:] if lower else sentence}"


_LOWERED = _words(
    """
    You You'll You're The A An We We'll It It's This That That's These They Every Each If In Once
    After Your Our Our Returns Refunds Orders Please Just Standard Any There There's Only Sale Small
    Feet As Within Students You've Delivery Joining Gift Assembly Shipping Screws Because At
    """
)


def _tidy(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"\s+([,.!?;，。！？；])", r"\1", text)
    return re.sub(
        r"([~～])+(?=[，。！]|$)|[~～](?=\S)", lambda m: "，" if m.end() < len(m.string) else "", text
    ).strip()
