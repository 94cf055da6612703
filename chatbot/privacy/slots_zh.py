"""Places in Chinese service talk where only a person stands: after 客服, between 和 and 聊过, before 昨天答应."""

# ruff: noqa: E501 (a pattern is easier to read in one piece)
from __future__ import annotations

import re
from collections.abc import Iterator

from chatbot.privacy.likely_zh import FAMILY, frequency, log_odds
from chatbot.privacy.name_lists import words_of
from retrieval.languages.table import HAN
from retrieval.languages.text import ready_jieba

# Letters that end a name: what follows a person is mostly one of these.
_AFTER = "退补发打寄换办转回说讲聊谈收签送买付拿查取催订下帮替让找叫请来去给到在是的了过吗呢吧啊不没也都又就还能会要想和跟与把被对从为因所但而且或该这那你我他她它您们今昨明前后上下已先再一"
_ROLE = (
    r"(?:客服|业务员|店长|经理|主管|师傅|同事|专员|导购|顾问|店员|快递员|骑手|配送员|工程师|销售|中介|管家|保安|"
    r"老公|老婆|丈夫|妻子|儿子|女儿|朋友|闺蜜|室友|同学|邻居|媳妇|妹妹|弟弟|姐姐|哥哥|我[妹姐哥弟妈爸]|爱人|表妹|表姐|表哥|表弟|侄子|侄女|孙子|孙女|妈妈|爸爸)"
)
# Where a name may begin, what must follow it, and whether it needs no family name there.
_SLOTS = [
    (re.compile(start), re.compile(end), free)
    for start, end, free in (
        (_ROLE, r"[，,。！!？?、\s]|$|昨|今|前天|刚|上次|之前|没|答应|承诺|说|告诉|让|帮|给|不|跟|和|联系|处理|接待|收|签|的(?:电话|号码|手机|名字)|态度|服务|电话|帮|买|订|反映|投诉|回复|通知|一直|要|就|也|会|跟我|过来|上门", True),
        (r"(?:谢谢|感谢|辛苦|多谢)(?:你|您)?了?[，,！!\s]*", r"[！!。~～，,]|$", True),
        (r"(?:^|[，,。！!？?\s])(?:我是|我叫|本人)", r"[，,。！!\s]|不是", True),
        (r"(?:[和跟与同]|联系|找到?)(?:你们的?)?", r"聊|说[过好了的]|谈|沟通|确认|联系|核实|讲|通[过了]?话|约|反映|对接|商量|打[过了]?电话|先生|女士|小姐", False),
        (r"(?:转账|汇款|打款|退款|还|转|发|寄|交|送|打)?给", r"[，,。！!？?]|$|[退补发打寄换办转回买送订就]|先生|女士|小姐", False),
        (r"(?:帮我?|替|麻烦|请|让|叫|找|谁是|不是|把|改成|通知|告诉|请问|查|查询|查一下|帮忙查)", r"[，,。！!？?]|$|[查退换联回打处签接收改取]|的(?:退款|订单|快递|包裹|账户|会员|电话|地址|号码|信息)|来|给我|收货|改成|先生|女士|小姐", False),
        (r"(?:是|由|被)", r"(?:注册|下单|下的|签收|买的|处理|接待|打的|付的|经手|代收|负责)", False),
        (r"(?:户主|投诉人|当事人|车主|业主|房东|监护人|推荐人|邀请人|介绍人|代收人|户名|登记的?是|实名是|写的?是|名字是|下单人是?)[:：]?", rf"[^{HAN}]|$|的|和|本人", False),
        (r"(?:^|[，,。！!？?\s]|上午|下午|昨天|今天|刚才)", r"(?:说|告诉|答应|承诺|让我|跟我|和我|给我|通知我)|(?:这个|的)?(?:账号|账户|订单|手机|会员|退款|打电话|来电)|[和与](?=[\u3400-\u9fff]{2,3}[是的])|收[，,]", False),
    )
]  # fmt: skip
_WINDOW = re.compile(f"[{HAN}]{{0,5}}")
_PET = re.compile(rf"阿(?![姨里胶迪玛尔拉姆])[{HAN}]")
# Letters that begin what is said of a person or a thing, not a name.
_BEFORE = "很太挺有出借感相定续全圈尺耍做好几两三四五六七八九十每各某整满超特最更真假新旧多少大快慢早晚只仅查却靠官來裝代姓"
_COMMON = 100  # times in the dictionary: words that are seen so often are no names
_EXPECTED, _ANYWHERE = 5.0, 10.0  # least log odds of a name where one is expected, and where nothing says so
_NO_NAMES = words_of(
    """
    微信 微博 抖音 快手 淘宝 天猫 京东 支付宝 小红书 拼多多 工单 话术 小姐姐 小哥 美团
    顺丰 系统
    """
)


def find_in_slots(text: str) -> Iterator[str]:
    """Names where a person must be meant, and letters that can hardly be anything but a name."""
    for start, end, free in _SLOTS:
        for match in start.finditer(text):
            known = _known_names(text, match.end())
            for name in (_any_name(text, match.end()) if free else _pet_name(text, match.end()), *known):
                if name and end.match(text, match.end() + len(name)):
                    yield name
                    break
    for clause in re.findall(f"[{HAN}]{{3,}}", text):
        yield from _striking(clause)


def _any_name(text: str, at: int) -> str:
    """Two or three letters from here that are no common word."""
    window = _WINDOW.match(text, at)
    if window is None or len(window[0]) < 2:
        return ""
    if re.match("小[时号票组数姐区店程孩费额编]", window[0]):
        return ""
    twice = window[0][0] == window[0][1] and frequency(window[0][:2]) < 3 * _COMMON
    if twice or re.match(rf"小[{HAN}]", window[0]):
        return window[0][:2]
    if pet := _pet_name(text, at):
        return pet
    if window[0][0] in _BEFORE + _AFTER:
        return ""
    name = ""
    for word in ready_jieba().cut(window[0], HMM=False):
        if word in _NO_NAMES or (name and word[0] in _AFTER) or len(name + word) > 3:
            break
        if len(word) > 1 and frequency(word) >= _COMMON:
            break
        name += word
    return name if len(name) > 1 and name not in _NO_NAMES else ""


def _pet_name(text: str, at: int) -> str:
    """ "阿珍"."""
    found = _PET.match(text, at)
    return found[0] if found else ""


def _known_names(text: str, at: int) -> Iterator[str]:
    """Three and two letters from here, where a family name begins them and the others are likely after it."""
    if text[at : at + 1] in FAMILY:
        for size in (3, 2):
            name = text[at : at + size]
            if re.fullmatch(f"[{HAN}]{{{size}}}", name) and _likely(name, _EXPECTED):
                yield name


def _striking(clause: str) -> Iterator[str]:
    """Single letters in a row that the dictionary joins to no word, and that are very likely a name."""
    words = list(ready_jieba().cut(clause, HMM=False))
    for i, word in enumerate(words):
        if len(word) == 1 and word in FAMILY:
            run = words[i : i + 3]
            names = [
                "".join(run[:n])
                for n in (3, 2)
                if len(run) >= n and all(len(letter) == 1 for letter in run[:n])
            ]
            yield from [name for name in names if _likely(name, _ANYWHERE)][:1]


def _likely(name: str, least: float) -> bool:
    common = max(frequency(name), frequency(name[:2]) if len(name) > 2 else 0) >= _COMMON
    if common or name in _NO_NAMES or re.search(_ROLE, name):
        return False
    pet = len(name) == 3 and (name[1] == "小" or name[1] == name[2])  # 党小红, 钱多多
    return log_odds(name) >= least or (pet and least < _ANYWHERE)
