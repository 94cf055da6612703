"""Words that say nothing about the subject of a question, English and Chinese."""

from __future__ import annotations

ENGLISH = """
a about above after again all also am an and any anyone anything are as at be because been before
being below between both but by came can can't cannot come could couldn't did didn't do does doesn't
doing don't down during each else ever every everything few for from further get gets getting give
go goes going got had has hasn't have haven't having he hello help her here hers hey hi him his how
however i i'd i'll i'm i've if in into is isn't it it'll it's its just know let like may maybe me
might more most much must my myself need needs never no nor not nothing of off ok okay on once only or
other our ours out over own please really same say says shall she should so some someone something
still such tell than thank thanks that that's the their theirs them then there there's these they
they're thing things this those through to too under until up us use very want wants was wasn't way
we we're were weren't what what's when where which while who whom whose why will with without won't
would wouldn't yes yet you you're your yours
"""

CHINESE = """
的 了 和 是 在 我 有 也 就 不 都 而 及 与 着 或 把 被 让 给 对 从 到 向 于 以 为 之 其 但 并 又 很
再 还 只 吗 呢 吧 啊 呀 哦 嗯 么 嘛 你 您 他 她 它 我们 你们 他们 咱们 这 那 这个 那个 这些 那些
这里 那里 这样 那样 哪 哪个 哪些 哪里 哪儿 谁 什么 什么样 怎么 怎样 怎么样 怎么办 如何 为什么 为何
为啥 多少 几 多 请 请问 你好 您好 谢谢 麻烦 一下 一个 一些 可以 可 能 能够 能否 会 要 想 想要 需要
应该 没有 没 是否 是不是 能不能 可不可以 有没有 要不要 如果 的话 因为 所以 但是 而且 或者 还是 以及
关于 地 得 个 上 下 中 里 后 前 时 时候 之后 之前 现在 已经 告诉 知道 帮 帮我 用 去 来
"""

STOP_WORDS = frozenset(f"{ENGLISH} {CHINESE}".split())
