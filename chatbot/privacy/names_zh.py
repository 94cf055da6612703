"""Find Chinese names: a family name with a title, a cue such as 收件人, or what the word cutter takes for a person."""

# ruff: noqa: E501 (a pattern is easier to read in one piece)
from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from chatbot.privacy.likely_zh import RARE
from chatbot.privacy.name_lists import words_of
from chatbot.privacy.slots_zh import find_in_slots
from chatbot.privacy.spans import CONTACT as _CONTACT
from retrieval.languages.table import HAN
from retrieval.languages.text import ready_jieba

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢常赖甄池匡肇竺盖党冀宋唐许韩冯邓曹彭曾萧肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪"
    "范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂"
    "章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成"
    "苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤卞卓古仇宗席桂沙陳張劉黃楊趙吳孫馬羅鄭謝許韓馮鄧葉蘇呂盧譚陸萬錢嚴湯龍顧龔鄒簡賴曾鍾姜閻齊洪闵阎连边邬邝麦佘娄麻简宫慕丛岑"
) + RARE
# Those of them that hardly ever begin another word: the others need a cue.
_PLAIN = (
    "王李张刘陈杨陳張劉黃楊趙吳羅鄭許韓葉蘇盧譚陸赵吴周徐孙朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾萧肖蔡潘袁董余苏魏吕沈姚卢姜崔钟谭陆汪廖贾韦邹孟秦薛侯邵郝龚"
    "覃阎段邱尹江倪聂庞詹翟岳殷耿焦俞柳阮柯纪凌裴霍翁骆蒋叶杜程丁任田石贺顾贝孔严钱莫葛邢施樊童闫鲁"
)
_DOUBLE = "(?:欧阳|司马|上官|诸葛|慕容|司徒|端木|夏侯|皇甫|尉迟|公孙|令狐|宇文|长孙|东方|南宫|独孤|轩辕|百里|呼延|闻人|澹台|申屠|拓跋|赫连|濮阳|太史|钟离|单于|公冶|仲孙)"
_SURNAME = rf"(?:{_DOUBLE}|[{_SURNAMES}])"
_ZH_NAME = rf"{_SURNAME}[{HAN}]{{1,2}}"
_SMALL = frozenset(
    "的了吗呢吧啊呀哦嘛么是不没在有我你您他她它这那就都也还要会能可到说去来和跟给把被让请问谢谁啥什怎几每再又很太更最以及或但而且若如因为所已经于与从对将向"
)
_LETTER = rf"(?:(?![{''.join(_SMALL)}])[{HAN}])"
_FOREIGN = rf"{_LETTER}{{1,6}}[·•・]{_LETTER}{{1,6}}(?:[·•・]{_LETTER}{{1,6}})?"
_NICK = rf"(?:[小老阿大]{_SURNAME}(?![{HAN}]{{0,1}}(?:区|号))|阿[{HAN}])"
_ZH_END = rf"(?![{HAN}])"
_TITLE = (
    r"(?:先生|女士|小姐(?!姐)|老师|经理|主任|师傅|太太|夫人|阿姨|叔叔?|大爷|大妈|大姐|大哥|姐(?!姐)|哥(?!哥)|同学|医生|律师|教授|主管|店长|老板|总(?![是共结计额部会价数在有能要的])|"
    r"队长|警官|工(?![作程号单厂具资期人业]))"
)
_JOB = r"(?:客服|快递员|师傅|同事|经理|专员|主管|店员|导购|顾问|骑手|配送员|销售|代理人|坐席|工程师|朋友|室友|老公|老婆|先生|太太|妈妈?|爸爸?|儿子|女儿|同学|队友|邻居|收件人|业务员|叫)"
_LABEL = (
    r"(?:收件人|收货人|联系人|户名|取件人|寄件人|发件人|持卡人|开户人|开户名|姓名|名字|本人|乘客|乘车人|旅客|入住人|投保人|被保人|买家|客户|抬头|签收人|"
    r"名叫|叫做|机主|车主|患者|申请人|经办人|负责人|代收人|实名)"
)
_CHINESE = [
    re.compile(pattern)
    for pattern in (
        rf"(?:我叫|名字叫|名字是|名叫|姓名(?:是|[:：])?|{_LABEL}(?:是|叫|填的?是?|写的?是?|改[成为]|换[成为]|姓名)?\s?[:：]?)\s*"
        rf"(?P<name>{_ZH_NAME}(?!{_TITLE})|{_FOREIGN}|[A-Z][a-z]+(?:\s[A-Z][a-z]+)*)(?=[^{HAN}]|$|的|电话|手机|地址|，|和|在|身份|这|吗|吧|对|不|，|已|没|收|号|是|，)",
        rf"(?:我叫|名字叫|名字是|名叫|{_LABEL}(?:是|叫)?\s?[:：])\s*(?P<name>[{HAN}]{{2,4}}){_ZH_END}",
        rf"(?:我是|这里是|本人|我们?这边是)(?P<name>{_ZH_NAME}|{_FOREIGN}){_ZH_END}",
        rf"(?<![谢{HAN}])(?P<name>{_ZH_NAME}){_TITLE}",
        rf"(?<!谢)(?P<name>{_SURNAME}{_TITLE})",
        rf"(?P<name>{_FOREIGN})",
        rf"{_JOB}(?P<name>{_NICK})",
        rf"(?:^|[，,。！!？?\s]|{_JOB}|找|问|给|跟|和|让|请|叫|由|是|联系)(?P<name>[小老阿]{_SURNAME})(?=[，,。！!？?\s]|说|让|帮|来|在|告诉|给|跟|接|处理|答应|联系|回|的|你|您|今|昨|已|、|$)",
        rf"叫(?P<name>{_ZH_NAME}){_ZH_END}",
        rf"姓(?P<name>{_SURNAME})(?![{HAN}]{{0,1}}名)",
        rf"(?:^|[\s，,。：:；;、])(?P<name>{_ZH_NAME})\s*[，,、:：]?\s*(?={_CONTACT})",
        rf"{_CONTACT}[\s，,、；;]*(?P<name>{_ZH_NAME})(?=[\s，,。！、；;]|$|收)",
        rf"(?:^|[，,。\s])(?P<name>{_ZH_NAME})(?:收|敬上|上|留|敬启)(?=[。！!\s]|$)",
        rf"(?:^|[\s，,。])(?P<name>[{HAN}]{{2,5}})收[\s，,：:]*(?={_CONTACT})",
        rf"(?:寄给|转给|交给|发给|送给|打给|联系|通知|告诉|找|让|请|帮|替|问)(?P<name>{_ZH_NAME})(?=[，,。！\s、]|签收|代收|收|就|吧|处理|联系|来|的|$|她|他|帮|查|回|改|换|退|补|办|下单|取|买|付|拿|确认|核)",
        rf"(?:谢谢|感谢|多谢|此致|敬礼)[，,！!。\s]+(?P<name>{_ZH_NAME})[。！!]?$",
    )
]
_NOT_NAMES = words_of(
    """
    金卡 金卡会 高级 方便 安心 包邮 包裹 成功 关于 单号 路上 向您 易碎 解决 管理
    盛夏 温度 安装 康复 武汉 江苏 任何 万一 文件 石材 左右 尚未 关闭 成都 宁波 华南 华东
    白色 黄色 蓝色 金色 毛病 于是 余额 余额里 单子 谢谢 谢谢您 方法 方式 方案 高兴 金额
    包装 包括 时候 时间 成为 于此 何时 何况 易懂 安全 安排 平台 温馨 祝您 祝你 文档 石油
    左边 解释 解答 解除 单位 单独 管家 路由 路由器 路线 路径 游戏 关注 关系 应该 万能
    向导 季度 纪念 严重 严格 常见 常用 范围 程序 连接 连续 边上 麻烦 麻烦您 简单 古城
    沙发 洪水 蒙牛 华为 金融 白条 花呗 安卓 苹果 阿姨 万元 孔雀 康师傅 老师 章程 施工
    牛奶 龙头 马上 马桶 胡同 许多 曾经 贺卡 顾客 顾问 毛巾 史上 雷达 江南 江西 夏天 田园
    石头 白天 方向 付款 付费 付钱 何必 梅花 全部 后台 凌晨 童装 成员 成本 成交 包包 尚品
    宁静 祝福 关键 关掉 关机 甘肃 左手 齐全 庄园 向上 向下 文字 文化 易购 温水 孔夫子
    莫名 戴上 武器 万达 严禁 钱包 钱款 毛衣 龙华 龙岗 黎明 陶瓷 段时间 秦皇岛 熊猫 孟加拉
    白领 夏季 韦伯 金属 石家庄 谭木匠 钟头 钟表 沈阳 任务 任意 丁香 吕梁 苏宁 苏州 苏打
    程度 叶子 余下 余款 蔡司 于您 袁大头 董事 田地 萧山 彭州 曹操 冯唐 韩国 韩版 许可
    唐山 唐装 宋体 谢绝 梁山 郑州 罗马 罗湖 林业 何处 郭德纲 胡乱 胡椒 朱红 马克 马路
    马来 孙子 徐州 徐汇 周期 周末 周一 周二 周三 周四 周五 周六 周日 周边 周围 周年 周岁
    吴江 赵州 黄金 黄山 黄瓜 杨梅 陈旧 陈列 刘海 张贴 张家口 李宁 王者 王牌 王府井 安慕希
    高温 高清 高端 高速 高考 高中 高度 高价 高铁 高层 边缘 连锁 连带 简介 简历 简易 简约
    宫廷 房间 房屋 房子 房东 房产 屈臣氏 滕州 解约 解锁 解绑 解冻 解开 艾灸 华丽 华北
    华中 柴油 管道 管用 路费 路程 路口 曲线 谷歌 谷物 盛大 苗条 成立 成绩 成品 单据 单价
    单品 单元 单身 毕业 毕竟 纪录 柯达 舒服 舒适 符合 宁夏 宁愿 尚且 包含 包子 包月 包年
    祝贺 甘心 柳州 关心 关门 关联 兰州 申请 申诉 申购 申报 翟天 章节 庄重 颜色 伍佰 乔丹
    易拉 易用 齐心 安静 安慰 安检 安徽 葛根 牛肉 牛仔 文章 文明 施行 康宁 温和 温州 汤圆
    向来 孔子 莫非 武功 覃塘 严密 万科 万事 邵阳 龚滩 郝然 毛利 毛绒 毛重 顾虑 贺岁 陶器
    史诗 龙虾 侯爵 雷同 段落 薛之谦 尹氏 江苏省 江湖 邱县 秦岭 熊掌 孟子 白酒 白糖 白色的
    方形 付出 夏令 贾汪 廖化 石化 关怀 童鞋 胡萝卜 安全带 安全岛 安全感 章鱼 王子 王道
    王八 童星 罗曼史 张嘴 陆军 严谨 严厉 江山 江河 石像 叶片 程式 任性 任凭 丁点 田野
    田径 贺喜 顾忌 贝壳 孔隙 严冬 钱币 莫大 葛优 施展 施加 童年 鲁莽 纪律 凌乱 霍乱 柳树
    余地 苏醒 苏联 陆地 陆续 汪洋 廖廖 杜绝 丁字 蒋介石 钟意 钟情 程控 胡说 曾用 许久
    许诺 何必呢 何以 何尝 罗列 林立 郑重 梁柱 谢意 谢礼 唐诗 韩剧 周转 周全 周到 周知
    徐徐 孙女 朱砂 胡闹 郭郭 杨树 赵云 吴语 陈述 陈年 陈醋 刘海儿 张力 张望 张数 张图
    李子 王国 王朝 王权 江南春 石油币 万事达 付款卡 解析 段位 段子 丛林 周杰伦的 周末好
    石墨 石膏 石英 任天堂 莫斯科 罗布 罗技 罗湖区 罗汉 林肯 林区 孟菲斯 秦淮 顾虑重重 贺词
    童话 纪要 纪实 凌空 施压 施肥 岳父 岳母 邱县城 金牌 金币 金豆 范文 金条 金银 老板
    大哥 大姐 小姐
    """
)


def find_chinese(text: str) -> Iterator[str]:
    """Names of people in Chinese text."""
    if not re.search(f"[{HAN}]", text):
        return
    for cue in _CHINESE:
        for match in cue.finditer(text):
            if _place(match["name"]):
                continue
            if match["name"] not in _NOT_NAMES and not (
                _SMALL & set(re.sub(f"{_TITLE}$", "", match["name"])[1:])
            ):
                yield match["name"]
    yield from find_in_slots(text)
    yield from _cut(text)


def _place(name: str) -> bool:
    """ "福州·榕城": a town and its shop, not a name from abroad."""
    ready_jieba()
    import jieba.posseg

    first = re.split("[·•・]", name)
    return len(first) > 1 and next(iter(jieba.posseg.cut(first[0]))).flag == "ns"


def _cut(text: str) -> Iterator[str]:
    """What jieba takes for a person, as far as it begins with a family name."""
    for clause in re.findall(f"[{HAN}]{{2,}}", text):
        if re.search(rf"[{_PLAIN}](?=[{HAN}])|{_DOUBLE}", clause):
            yield from _in_clause(clause)


@lru_cache(4096)
def _in_clause(clause: str) -> tuple[str, ...]:
    """The names in one clause; agents write the same ones day after day."""
    ready_jieba()
    import jieba.posseg

    return tuple(_people([(w.word, w.flag) for w in jieba.posseg.cut(clause)]))


def _people(words: list[tuple[str, str]]) -> Iterator[str]:
    for i, (word, flag) in enumerate(words):
        if (
            re.fullmatch(_DOUBLE, word)
            and i + 1 < len(words)
            and re.fullmatch(f"(?!网){_LETTER}{{1,2}}", words[i + 1][0])
        ):
            yield word + words[i + 1][0]
        elif flag in ("nr", "nrfg") and re.fullmatch(rf"[{_PLAIN}][{HAN}]{{1,2}}", word):
            if word not in _NOT_NAMES and not (_SMALL & set(word)):
                yield word
        elif flag.startswith("nr") and word in _PLAIN and i + 1 < len(words):
            given, flag = words[i + 1]
            if flag.startswith("nr") and re.fullmatch(f"{_LETTER}{{1,2}}", given):
                yield word + given
        elif (
            word in _PLAIN
            and i + 1 < len(words)
            and (not i or words[i - 1][0][-1] not in "一二两三四五六几这那每某半张")
        ):
            given, flag = words[i + 1]
            if flag in ("nr", "nrt", "nz", "a", "ad", "an", "n", "x", "ns") and re.fullmatch(
                f"{_LETTER}{{2}}", given
            ):
                yield word + given
