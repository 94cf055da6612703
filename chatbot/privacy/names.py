"""Find the names of people: by what stands around them, and by lists of names where nothing does.

A greeting, a signature, "my name is", 收件人 tell names of any origin, lower case included; lists find "I gave it to
Priya" and need capitals. A name that one message gives away is then replaced in the whole conversation.
"""

# ruff: noqa: E501 (a pattern is easier to read in one piece)
from __future__ import annotations

import re
from collections.abc import Iterator

from chatbot.privacy.name_lists import DOUBTFUL, NameLists, words_of
from chatbot.privacy.names_zh import find_chinese
from chatbot.privacy.spans import BLACK
from retrieval.languages.table import HAN

_LETTERS = "A-Za-zÀ-ÖØ-öø-ÿĀ-ž"
_WORD = rf"[A-ZÀ-ÖØ-Þ][{_LETTERS}]*(?:['’-][A-Za-zÀ-ž][{_LETTERS}]*)*"
_PARTICLE = (
    r"(?:[A-Z]\.|[A-Z](?=\s[A-Z])|v[ao]n|de[rl]?|da|di|do|dos|la|le|el|al|bin|binti|ibn|bte|ten|ter|y|e|St\.)"
)
_FULL = rf"(?:[A-Z]\.\s?)*{_WORD}(?:\s+(?:{_PARTICLE}\s+){{0,2}}{_WORD}){{0,3}}"
_TWO = rf"(?:[A-Z]\.\s?|{_WORD}\s+)(?:{_PARTICLE}\s+){{0,2}}{_WORD}(?:\s+{_WORD})?"
_ANY = rf"(?:[A-Z]\.\s?)*[{_LETTERS}][{_LETTERS}'’-]+(?:\s+(?:[A-Za-z]\.\s|[ÓÁÉ]\s)?[{_LETTERS}][{_LETTERS}'’-]+){{0,3}}"
_END = r"(?=\s*(?:[,.!?;:)\n\[(\"]|$|\band\b|\bhere\b|\bagain\b|\bfrom\b|\bspeaking\b|\bwith\b|\bat\b|\bat\b|[:;]-?[)(]|[\ue000-\uf8ff]|-|–))"
_MARK = rf"{BLACK}+"
_CLOSING = (
    r"(?:(?:[Kk]ind(?:est)?|[Bb]est|[Ww]arm(?:est)?|[Mm]any)\s+)?(?:[Rr]egards|[Rr]gds|[Ss]incerely|[Bb]est wishes|[Bb]est(?=\s*[,\n])|"
    r"[Yy]ours(?: truly| faithfully| sincerely)?|[Cc]heers|[Tt]hanks(?: again| so much| a lot| in advance| very much)?|"
    r"[Tt]hank you(?: so much| very much)?|[Tt]hx|[Tt]a|[Ll]ove|[Xx]oxo|[Rr]espectfully|[Cc]ordially|[Tt]ake care|"
    r"[Ss]igned|[Ss]ent by|[Mm]any thanks|[Yy]ours truly)"
)

SIGN = rf"[{_LETTERS}\d_@]"  # of a word in Latin letters; a Chinese letter ends it
_WHO = "someone|somebody|person|people|man|woman|guy|lady|gentleman|girl|boy|colleague|agent|driver|courier|rep|employee|assistant|friend|neighbou?r"
_DESK = (
    r"(?:\w+ )?(?:chat|support|team|service|billing|sales|dispatch|accounts?|warehouse|store|shop|reception|desk|department|helpdesk|call cent(?:er|re)|"
    r"returns|office|branch|phone|hotline)"
)

# What follows is a name, in whatever case it is written: any word (`name`), one with a capital or of the lists
# (`lax`), or such a one that is nothing else (`sure`).
_STRONG = [
    re.compile(cue, re.MULTILINE | re.IGNORECASE)
    for cue in (
        rf"\b(?:(?:my|her|his|their|the|full|customer|client|account|first|last|sur|middle|legal|maiden|holder'?s?|"
        rf"wife'?s|husband'?s|son'?s|daughter'?s|mother'?s|father'?s|passenger|guest|patient|member|cardholder'?s?)[ -]?"
        rf"(?:name|surname)s?(?:\s+on (?:the )?(?:account|card|order|booking|file))?(?:\s+is|['’]s|\s*[:=-]|\s+was)|name\s*[:=]|name is|named|surname(?: is|:))\s*(?P<name>{_ANY})",
        rf"\b(?:attn|attention|recipient|addressee|consignee|passenger|cardholder|account holder|payee|buyer|contact(?: person)?|"
        rf"beneficiary|requester|customer|client|guest|patient)\s*[:=]\s*(?P<lax>{_ANY})",
        rf"\b(?:signed by|signed for by|care of|c/o|prepared by|handled by|in the name of|under the name(?: of)?|"
        rf"(?:listed|registered|booked|placed|ordered|addressed) (?:under|to|for)|by the name of|goes by|known as|call me|"
        rf"speak(?:ing)? (?:to|with)|spoke (?:to|with)|talk(?:ed|ing)? (?:to|with)|ask(?:ed)? for|chat(?:ted|ting) with)\s*:?\s+(?P<lax>{_ANY})",
        rf"^{_CLOSING}\s*[,!.~-]+\s*(?:and regards,?\s+)?(?P<lax>[{_LETTERS}'’-]+(?:\s[{_LETTERS}'’.-]+){{0,2}})\s*[.!]?\s*$",
        rf"(?<=[.!?,)\n]\s){_CLOSING}\s*[,!.~-]*\s*(?P<lax>[{_LETTERS}'’-]+(?:\s[{_LETTERS}'’.-]+){{0,2}})\s*[.!]?\s*$",
        rf"\b(?:cheers|regards|sincerely|xoxo),?\s+(?P<lax>[{_LETTERS}'’-]+(?:\s[{_LETTERS}'’.-]+){{0,2}})\s*[.!]?\s*$",
        rf"\b(?:my|your|his|her|their|our|the|an?) (?:{_WHO}|son|daughter|wife|husband|partner|brother|sister|mum|mom|mother|dad|father|boss|"
        rf"manager|roommate|flatmate|cousin|aunt|uncle|niece|nephew|grandson|granddaughter|fianc[ée]e?|girlfriend|boyfriend)\s+(?P<sure>[{_LETTERS}'’-]+)\b",
        rf"\b(?:can|could|would|will|did|has)\s+(?P<sure>[{_LETTERS}'’-]+)\s+(?:call|ring|email|contact|phone|text|help|reply|get back)\b",
        rf"\b(?:thanks|thank you|thx|ty|cheers),?\s+(?P<lax>[{_LETTERS}'’-]+)\s*[.!]+\s*$",
        rf"\b(?:name|surname)(?: on (?:the |my |our )?\w+)?\s(?:to|as|from|with|under)\s+(?P<lax>{_ANY})",
        rf"\b(?:this is|it['’]?s|it is|i am|i['’]?m|im)\s+(?P<lax>[{_LETTERS}'’-]+(?:\s[{_LETTERS}'’-]+){{0,2}}?)(?=\s+(?:here|speaking|again|from|calling|writing|with order)\b|\s*,)",
        rf"(?:^|[.!?]\s+)(?P<lax>[{_LETTERS}'’-]+(?:\s[{_LETTERS}'’-]+)?)\s+(?:here|speaking)\b(?=\s*[,.!:;-]|\s*$)",
        rf"\b(?:mr|mrs|ms|miss|dr|prof|professor|mx|sr|sra|mme|herr|frau|madame|monsieur|señor|señora|signor|signora)\b\.?\s+(?P<lax>{_ANY})",
    )
]  # fmt: skip
_CUES = [
    rf"(?:\b[Mm]y name is|\b[Nn]ame is|\b[Nn]ame['’]s|\b[Nn]ame:|\b[Cc]all me|\b[Aa]ttn:?|\bc/o|\b[Rr]ecipient:?|"
    rf"\b[Ss]igned[,:]?|\b[Cc]ontact:)\s+(?P<name>{_FULL})",
    rf"\b(?:[Ii] am|[Ii]['’]?m|[Tt]his is|[Ii]t['’]?s|by name|name of)\s+(?P<name>{_TWO}){_END}",
    rf"\b[Tt]his is\s+(?P<name>{_WORD})(?=\s*(?:,|speaking|from|here))",
    rf"\b(?:[Ii]t['’]?s|[Ii]['’]?m|[Ii] am)\s+(?P<name>{_WORD})(?=\s+(?:here|again|speaking|from)\b)",
    rf"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Professor|Sir|Madam|Mx)\.?\s+(?P<name>{_FULL})",
    rf"^\W*(?:Hi|Hello|Hey|Hiya|Dear|Good (?:morning|afternoon|evening|day)|Thanks|Thank you|Thank you very much|"
    rf"Thanks so much|Welcome back|Welcome|Sorry|Noted|Okay|Ok|Done|Sure|Yes|No|Great|Perfect|Congratulations|Morning|"
    rf"Bye|Goodbye),?\s+(?P<name>{_FULL})(?=\s*[,!.:?\n–-]|\s+again|$)",
    rf"^(?:hi|hello|hey|dear|thanks|thank you|good morning|good afternoon),?\s+(?P<name>{_FULL})(?=\s+here\b|\s*[,!.:?\n]|$)",
    rf"(?<!{SIGN})(?P<name>{_FULL})\s+(?:here|again)\b(?=\s*(?:[.,!:;\[–-]|$))",
    rf"{_CLOSING}[,!.]?\s+(?:and regards,?\s+)?(?P<name>{_FULL})\s*[.!]?$",
    rf"(?:^|\s)[-–—~]\s*(?P<name>{_FULL})\s*(?:,[^,]*)?$",
    rf"(?:^|[.!?,]\s+|\s|\()(?P<name>{_TWO}),?\s*(?={_MARK})",
    rf"(?:^|[.!?(]\s+)(?P<name>{_WORD}),\s*(?={_MARK})",
    rf"\b(?:tell|told|ask|asked|inform|notify|remind|[Ee]scalate(?: this| it)? to|assign(?:ed)? (?:this |it )?to|[Bb]ooking under|[Rr]eservation (?:under|for)|"
    rf"[Rr]egistered to|[Bb]elongs to|put(?= [A-Z][^.!?]* as ))\s+(?P<name>{_FULL})(?=\s*(?:[,.!?;:]|$|\b(?:that|to|if|about|or|and|please|as|in|for|again|when|why|how)\b))",
    rf"(?<!{SIGN})(?P<name>{_TWO})\s*\((?={_MARK})",
    rf"\b(?:{_WHO})\s+(?:called|named)\s+(?P<name>{_FULL})",
    rf"(?:^|[.!?,]\s+|\b(?:and|but|that|because)\s)(?P<name>{_WORD})\s+(?:from|in|at|on)\s+(?:your|the|our|my)?\s?(?:{_DESK})\b",
    rf"\b(?:Mr|Mrs|Ms|Miss|Dr)\.?\s+(?P<name>{_WORD})",
    rf"{_MARK}(?:[,.]|\s+is good for)?\s+(?P<name>{_TWO})(?=\s*[,.!)]|$)",
    rf"[.!?,]\s+(?P<name>{_FULL})$",
    rf"(?:^|[.!?,(]\s*)(?P<name>{_TWO})(?=\s+(?:is (?:the|my) name|by name)\b|,\s+(?:born|aged)\b)",
    rf"\b[Ii]ts\s+(?P<name>{_TWO})(?=\s+I\b)",
    rf"[.!?]\s+(?P<name>{_TWO}),?\s*\d",
]
_WEAK = [re.compile(cue, re.MULTILINE) for cue in _CUES]
_CAPITALS = re.compile(
    rf"(?<![#./-])(?<!{SIGN})(?:[A-Z]\.\s?)*{_WORD}(?:\s+(?:{_PARTICLE}\s+){{0,2}}{_WORD})*(?!{SIGN}|\.\w)"
)
_PERSON = re.compile(
    r"\b(?:to|by|for|from|with|told|tell|ask|asked|and|wife|husband|son|daughter|friend|neighbou?r|colleague|"
    r"partner|mother|father|mum|mom|dad|boss|agent|rep|brother|sister|gave|met|called|emailed|that)\W{1,2}$",
    re.IGNORECASE,
)
_PAIR = re.compile(r"(?<![\w@#./-])([a-zà-ÿ]{4,})\s+([a-zà-ÿ'’-]{4,})(?![\w@])")
_AFTER = re.compile(
    r"\s*(?:street|road|avenue|city|university|hospital|hotel|airport|bank|county|college|school)\b",
    re.IGNORECASE,
)


def find_names(text: str, lists: NameLists) -> Iterator[str]:
    """Names of people in a text from which other personal data is blacked out."""
    for cue in _STRONG:
        for match in cue.finditer(text):
            (how, name), *_ = match.groupdict().items()
            if how == "name":
                yield from _first(_strong(name, lists))
            elif how == "lax" or name.lower() not in DOUBTFUL:
                yield from _first(_known(name, lists))
    for cue in _WEAK:
        for match in cue.finditer(text):
            yield from _first(_without_common(match["name"], lists))
    yield from _listed(text, lists)
    yield from find_chinese(text)


def reply_names(text: str, lists: NameLists) -> list[str]:
    """The name that a reply consists of, when the message before has asked for one."""
    words = re.sub(
        r"^\W*(?:it['’]?s|it is|sure|yes|ok(?:ay)?|its|i am|i['’]?m|this is)\b[\s,:]*",
        "",
        text.strip(),
        flags=re.IGNORECASE,
    )
    if re.fullmatch(rf"[{HAN}]{{2,4}}[。.!！]?", words):
        return [words.rstrip("。.!！")]
    match = re.fullmatch(
        rf"(?P<name>[{_LETTERS}][{_LETTERS}'’.-]*(?:\s[{_LETTERS}][{_LETTERS}'’.-]*){{0,3}})[.!]?", words
    )
    common = any(_is_common(word, lists) for word in words.split())
    return [match["name"].rstrip(".")] if match and not common else []


def parts(name: str, lists: NameLists) -> list[str]:
    """The full name and the words of it that can stand for the person alone, longest first."""
    if not name.isascii() and re.search(f"[{HAN}]", name):
        return [name]
    words = [
        word
        for word in name.split()
        if len(word) >= 3
        and word.lower() not in lists.common
        and (word[0].isupper() or word.lower() in lists.given)
    ]
    return sorted({name, *words}, key=len, reverse=True)


def _first(name: str) -> Iterator[str]:
    if name:
        yield name


def _listed(text: str, lists: NameLists) -> Iterator[str]:
    """Capitalised words that lists of names know."""
    given, family = lists.given, lists.family
    for match in _CAPITALS.finditer(text):
        name = _without_common(match.group(), lists)
        words = [w.strip(".").lower() for w in name.split()]
        if not words or _AFTER.match(text[match.end() :]):
            continue
        sure = [re.sub(r"['’]s$", "", w) in given and w not in DOUBTFUL for w in words]
        if len(words) == 1:
            if sure[0] and not name.isupper():
                yield re.sub(r"['’]s$", "", name)
        elif len(words) <= 4 and (sure[0] or (words[0] in given and words[-1] in family)):
            yield re.sub(r"['’]s$", "", name)
        elif (
            len(words) == 2
            and re.match(r"(?:[A-Z]\.\s?)+[A-Z]", name)
            and (words[-1] in family or words[-1] in given)
        ):
            yield name
        elif (
            len(words) == 2
            and not {*words} & DOUBTFUL
            and {*words} & (given | family)
            and _PERSON.search(text[max(0, match.start() - 14) : match.start()])
        ):
            yield re.sub(r"['’]s$", "", name)
    for match in _PAIR.finditer(text):
        first, last = match.groups()
        if first in given and last in family and not {first, last} & DOUBTFUL:
            yield match.group()


def _strong(name: str, lists: NameLists) -> str:
    """After a sure cue: the words up to the first that is no name."""
    words: list[str] = []
    for word in name.split():
        lower = word.lower().strip(".")
        if _is_common(word, lists) or lower in _STOPS:
            break
        words.append(word)
        if word.endswith(".") and len(word) > 2:
            break
    cased = [w for w in words if w[0].isupper()]
    if cased and words[0][0].isupper():  # "my name is Dana thanks": capitals end where the name does
        while words and words[-1][0].islower():
            words.pop()
    return " ".join(words[:4]).rstrip(".-'’")


def _known(name: str, lists: NameLists) -> str:
    """After a doubtful cue: a capital, or a word that lists know."""
    words = _strong(name, lists).split()
    known = lists.given
    if not words or not (words[0][0].isupper() or (words[0].lower() in known)):
        return ""
    if words[0][0].islower():
        kept = [words[0]]
        for word in words[1:]:
            if word.lower() not in known and word.lower() not in lists.family:
                break
            kept.append(word)
        return " ".join(kept)
    return " ".join(words)


_STOPS = words_of(
    """
    and the is i my on in at for from with but not it
    was by to of a an here speaking calling who where
    when which that because about order email phone
    number address please thanks if so or as your you
    he she they we have has had can could would should
    do does did are were be been also then there this
    these those live lives need want registered listed
    wrong spelled spelt misspelled incorrect missing
    correct changed different same used given shown
    printed required invalid blank misspelt mistake
    """
)


def _without_common(name: str, lists: NameLists) -> str:
    """The name without the sentence words that a pattern took along; "" when nothing is left."""
    words = name.split()
    while words and _is_common(words[0], lists):
        words.pop(0)
    for i, word in enumerate(words):
        if _is_common(word, lists):
            words = words[:i]
            break
    while words and words[-1].lower() in (
        "de",
        "da",
        "di",
        "van",
        "von",
        "del",
        "der",
        "la",
        "y",
        "e",
        "el",
        "al",
    ):
        words.pop()
    return " ".join(words)


def _is_common(word: str, lists: NameLists) -> bool:
    return re.split(r"['’]", word.lower().strip("."))[0] in lists.common
