"""Every text of the chat page in both languages."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "zh"]

NAMES: dict[Language, str] = {"en": "English", "zh": "中文"}

TEXTS: dict[Language, dict[str, str]] = {
    "en": {
        "help": "Support",
        "new": "New chat",
        "send": "Send",
        "stop": "Stop",
        "placeholder": "Ask a question …",
        "message": "Your message",
        "language": "Language",
        "greeting": "Hello! How can I help?",
        "about": "I answer from our help articles and show you where each answer comes from. "
        "If I do not know, I will say so and can pass you on to a person.",
        "try": "You could ask",
        "note": "Answers are written by a computer. Please check the source before relying on one.",
        "you": "You said",
        "bot": "Answer",
        "searching": "Looking through the help articles …",
        "writing": "Writing …",
        "sources": "Sources",
        "source": "Source",
        "open": "Open the article",
        "up": "This helped",
        "down": "This did not help",
        "thanks": "Thank you for your feedback.",
        "why_up": "What was good? (optional)",
        "why_down": "What was wrong? (optional)",
        "submit": "Send comment",
        "thanks_comment": "Thank you, we will read your comment.",
        "stopped": "You stopped this answer.",
        "again": "Try again",
        "failed": "Sorry, something went wrong and this answer is not complete.",
        "engine_failed": "Sorry, I cannot answer at the moment. Please try again shortly.",
        "message_too_long": "This message is too long. Please send a shorter one.",
        "bad_message": "I could not read this message. Please write your question in words.",
    },
    "zh": {
        "help": "客服",
        "new": "新对话",
        "send": "发送",
        "stop": "停止",
        "placeholder": "请输入您的问题……",
        "message": "您的消息",
        "language": "语言",
        "greeting": "您好！有什么可以帮您？",
        "about": "我根据帮助文章回答问题，并告诉您答案出自哪里。"
        "如果我不知道，我会直接说明，也可以为您转接人工客服。",
        "try": "您可以这样问",
        "note": "回答由计算机生成，采用前请核对出处。",
        "you": "您说",
        "bot": "回答",
        "searching": "正在查找帮助文章……",
        "writing": "正在回答……",
        "sources": "出处",
        "source": "出处",
        "open": "打开文章",
        "up": "有帮助",
        "down": "没有帮助",
        "thanks": "感谢您的反馈。",
        "why_up": "哪里做得好？（可不填）",
        "why_down": "哪里有问题？（可不填）",
        "submit": "提交意见",
        "thanks_comment": "谢谢，我们会阅读您的意见。",
        "stopped": "您已停止这个回答。",
        "again": "再试一次",
        "failed": "抱歉，出了点问题，这个回答不完整。",
        "engine_failed": "抱歉，我暂时无法回答，请稍后再试。",
        "message_too_long": "这条消息太长了，请发送短一些的消息。",
        "bad_message": "我看不懂这条消息，请用文字描述您的问题。",
    },
}

EXAMPLES: dict[Language, list[str]] = {
    "en": [
        "How long do I have to return something?",
        "Where is my parcel?",
        "How do I reset my password?",
        "What does delivery cost?",
    ],
    "zh": ["买了多久还可以退货？", "我的包裹到哪里了？", "怎么重置密码？", "运费是多少？"],
}
