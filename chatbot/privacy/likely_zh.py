"""How much a few Chinese letters look like a person's name: naive Bayes over family and given-name letters.

The letters of names are counted among the persons in the dictionary of jieba; what they are otherwise is how
often its makers saw each as a word of its own.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from retrieval.languages.table import HAN
from retrieval.languages.text import ready_jieba

# Family names; the rarer ones begin no other word, the more frequent may.
RARE = (
    "柏窦奚费狄臧茅芮汲邴糜隗宓郗栾厉戎郜蓟鄂蔺屠胥莘逄姬郦雍桑濮郏浦晏瞿茹宦庾寇阙沃晁敖訾阚"
    "鞠蒯荆逯邸党佟逢苟揭冼仝郁巩殳褚戚逯郎祭"
)
FAMILY = RARE + (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘"
    "杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷"
    "施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁舒耿牟卜詹关苗凌纪靳盛"
    "童欧甄项曲成游阳裴席卫查鲍位覃霍翁隋植甘景薄单包司宁柯阮桂闵解强柴华车冉房边辜麦池简古慕"
)


def log_odds(name: str) -> float:
    """The logarithm of how many times likelier these two or three letters are as a name than as words.

    Above 5 they are a name where a person is expected, above 10 nearly everywhere.
    """
    first, given, words = _counted()
    odds = math.log((first[name[0]] + 2) / first.total()) - words(name[0])
    for letter in name[1:]:
        odds += math.log((given[letter] + 0.5) / given.total()) - words(letter)
    return odds


def frequency(word: str) -> int:
    """How often the dictionary's makers saw this word; 0 for those that it lacks."""
    return int(ready_jieba().dt.FREQ.get(word) or 0)


@lru_cache
def _counted() -> tuple[Counter[str], Counter[str], Callable[[str], float]]:
    """How often each letter is a family name, how often in a given one, and the log share of it as a word."""
    jieba = ready_jieba()
    first: Counter[str] = Counter()
    given: Counter[str] = Counter()
    with (Path(jieba.__file__).parent / "dict.txt").open(encoding="utf-8") as lines:
        for line in lines:
            word, _, kind = line.split()
            if kind == "nr" and len(word) == 3 and word[0] in FAMILY and re.fullmatch(f"[{HAN}]+", word):
                first[word[0]] += 1
                given.update(word[1:])
    return first, given, lambda letter: math.log((frequency(letter) + 2) / jieba.dt.total)
