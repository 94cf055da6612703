"""The chat page in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.app import Chat
from chatbot.engines.scripted import ScriptedEngine
from chatbot.settings import Settings
from tests.ui.conftest import ANSWER, QUESTION, Site, eventually
from ui.page.page import SCRIPT
from ui.page.visit import Exchange, Visit
from ui.serve import build_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium; install it with `apt-get install chromium`"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def site(chat: Chat, settings: Settings) -> Iterator[Site]:
    with Site(build_app(chat, settings)) as running:
        yield running


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Any]:
    """Opens the page as a new visitor; nothing may be loaded from elsewhere or go wrong in the browser."""
    contexts, trouble = [], []

    def watch(page: Page) -> None:
        page.on(
            "request",
            lambda r: None if r.url.startswith((site.address, "data:", "blob:")) else trouble.append(r.url),
        )
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)

    def open_page(before: Callable[[Page], None] = lambda page: None, **how: Any) -> Page:
        contexts.append(
            browser.new_context(**({"locale": "en-GB", "viewport": {"width": 1100, "height": 800}} | how))
        )
        contexts[-1].set_default_timeout(90_000)
        page = contexts[-1].new_page()
        watch(page)
        before(page)
        page.goto(site.address)
        page.wait_for_selector(".example")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not trouble


def ask(page: Page, question: str = QUESTION) -> None:
    page.fill("#box textarea", question)
    page.keyboard.press("Enter")


def answered(page: Page, number: int = 1) -> None:
    page.wait_for_selector(f".exchange:nth-of-type({number})[data-state=done] .thumb")


def test_an_answer_streams_and_its_source_opens(visit: Any, engine: ScriptedEngine) -> None:
    engine.delay = 0.4
    page = visit()
    ask(page)
    page.wait_for_selector("[data-state=writing] .busy")
    assert page.input_value("#box textarea") == ""
    early = "document.querySelector('[data-state=writing] .answer')?.textContent.includes('30 days')"
    page.wait_for_function(early)
    engine.delay = 0
    answered(page)
    assert page.inner_text(".answer") == ANSWER.replace("[1]", "1")
    quote = page.locator(".source blockquote")
    assert not quote.is_visible()
    page.click(".cite >> nth=0")
    assert "You have 30 days to return an item." in quote.inner_text()
    assert page.inner_text(".source .place") == "Returning an item"
    link = page.locator(".source a")
    assert link.get_attribute("href") == "https://shop.example/returns"
    assert link.get_attribute("rel") == "noopener noreferrer"
    ask(page)
    answered(page, 2)
    assert quote.first.is_visible(), "an opened source stays open while another answer is written"


def test_thumbs_and_a_comment_are_stored(visit: Any, chat: Chat) -> None:
    page = visit()
    ask(page)
    answered(page)
    page.click(".thumb[data-rating='-1']")
    page.wait_for_selector(".thumb[data-rating='-1'][aria-pressed=true]")
    page.fill(".comment input", "Too short")
    page.keyboard.press("Enter")
    page.wait_for_selector(".comment", state="detached")
    assert [(row["rating"], row["comment"]) for row in chat.store._db["feedback"].rows] == [(-1, "Too short")]


def test_stop_ends_the_model_and_a_new_conversation_begins_empty(
    visit: Any, engine: ScriptedEngine, chat: Chat
) -> None:
    engine.delay = 2
    page = visit()
    ask(page)
    page.wait_for_selector("[data-state=writing]")
    page.click("#stop")
    page.wait_for_selector("[data-state=stopped]")
    eventually(lambda: engine.cancelled == 1)
    page.wait_for_selector("#send")
    ask(page)
    page.wait_for_selector(".exchange:nth-of-type(2)[data-state=writing]")
    page.click("#new")
    page.wait_for_selector(".example")
    eventually(lambda: engine.cancelled == 2)
    engine.delay = 0
    page.wait_for_selector("#send")
    ask(page)
    answered(page)
    conversations = [row["id"] for row in chat.store._db["conversations"].rows]
    assert [[turn.status for turn in chat.store.thread(id).turns] for id in conversations] == [
        ["stopped", "stopped"],
        ["done"],
    ]


def test_a_visitor_who_leaves_stops_the_model(visit: Any, engine: ScriptedEngine) -> None:
    engine.delay = 1
    page = visit()
    ask(page)
    page.wait_for_selector("[data-state=writing]")
    page.close()
    eventually(lambda: engine.cancelled == 1)


def test_the_whole_page_speaks_the_chosen_language(visit: Any) -> None:
    page = visit()
    page.click("#language label:has-text('中文')")
    page.wait_for_selector("h2:has-text('您好')")
    for english in ("Send", "New chat", "Support", "Answers", "Hello"):
        page.wait_for_selector(
            f"text='{english}'", state="detached"
        )  # Gradio draws one component after another
        page.wait_for_function("word => !document.body.innerText.includes(word)", arg=english)
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    page.click(".example >> nth=0")
    page.wait_for_selector(".exchange")
    chinese = visit(locale="zh-CN")
    chinese.wait_for_selector("h2:has-text('您好')")
    assert chinese.locator("#language label.selected").inner_text() == "中文"


def test_a_language_chosen_at_once_is_not_undone_when_the_page_learns_the_visitors_own(visit: Any) -> None:
    held: list[Route] = []
    page = visit(before=lambda page: page.route("**/run/predict*", lambda route: held.append(route), times=1))
    choice = page.locator("#language label:has-text('中文')")
    while not held:
        page.wait_for_timeout(10)
    sync_api = pytest.importorskip("playwright.sync_api")
    with pytest.raises(sync_api.TimeoutError):
        choice.click(timeout=500)
    held[0].continue_()
    choice.click()
    for english in ("Send", "New chat", "Support"):
        page.wait_for_selector(f"text='{english}'", state="detached")


def test_visitors_do_not_wait_for_each_other_and_see_only_their_own(
    visit: Any, engine: ScriptedEngine
) -> None:
    engine.delay = 2
    one, other = visit(), visit()
    ask(one)
    ask(other)
    one.wait_for_selector("[data-state=writing]")
    other.wait_for_selector("[data-state=writing]")
    assert engine.generations - engine.finished == 2
    engine.delay = 0
    answered(one)
    answered(other)
    assert one.locator(".exchange").count() == other.locator(".exchange").count() == 1


def test_nothing_that_is_written_becomes_markup(visit: Any, engine: ScriptedEngine, site: Site) -> None:
    engine._replies = ["The cost of delivery is 5 euros."]
    page = visit()
    assert page.inner_text("#brand .name") == "Tom & <Jerry>"
    evil = "What is the cost of delivery? <img src=x onerror='window.hacked=1'> ${window.hacked=1} {{x}}"
    ask(page, evil)
    page.wait_for_selector(".exchange[data-state=done]")
    assert evil in page.inner_text(".question")
    for source in page.locator(".source").all():
        source.locator("summary").click()
    assert page.inner_text(".source >> nth=0 >> .place").startswith("Delivery")
    assert page.evaluate("window.hacked") is None
    assert page.locator(".transcript img, .transcript b, .answer strong, .transcript script").count() == 0
    assert page.locator(".source a[href^=javascript]").count() == 0
    assert "<img src=x" in page.inner_text(".source"), "the quote is shown as it is"


def test_a_failure_is_told_and_can_be_tried_again(visit: Any, engine: ScriptedEngine) -> None:
    engine.fail_after = 2
    page = visit()
    ask(page)
    page.wait_for_selector("[data-state=failed]")
    assert "cannot answer at the moment" in page.inner_text(".status")
    engine.fail_after = None
    page.click(".again")
    answered(page, 2)


def test_a_phone_shows_everything_without_scrolling_sideways(visit: Any) -> None:
    page = visit(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    long = "How many days do I have to return an item with the code " + "A1" * 60 + "?"
    ask(page, long)
    page.wait_for_selector(".exchange[data-state=done]")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    wide = """[...document.querySelectorAll(".transcript *, #head *, #composer *")]
        .filter((node) => node.getBoundingClientRect().right > 390.5).length"""
    assert page.evaluate(wide) == 0
    for control in ("#send", "#new", "#language", "#box textarea"):
        box = page.locator(control).bounding_box()
        assert box["x"] >= 0
        assert box["y"] + box["height"] <= 844


def test_a_drawing_that_arrives_late_is_not_drawn(browser: Browser) -> None:
    busy, empty = Visit(exchanges=[Exchange("Where is it?", state="writing")]).shown(), Visit().shown()
    assert busy["at"] < empty["at"]
    page = browser.new_page()
    page.set_content('<div id="here"><div class="transcript"></div></div>')
    page.evaluate(
        """([script, first, values]) => {
            const props = { value: first };
            let changed;
            new Function("element", "props", "trigger", "watch", script)(
                document.querySelector("#here"), props, () => {}, (_, act) => { changed = act; });
            for (props.value of values) changed();
        }""",
        [SCRIPT, busy, [empty | {"at": busy["at"] + 1}, busy]],
    )
    assert page.locator(".exchange").count() == 0
    assert page.get_attribute("html", "data-busy") == "false"
    page.close()
