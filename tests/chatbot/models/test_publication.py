"""The published pointer: publish, canary, roll back, and a history that keeps everything."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.errors import ModelMissing, NothingPublished, PublicationUnreadable
from chatbot.models import publication
from chatbot.models.folders import resolve_model
from chatbot.models.publication import KEPT, Publication, Published, in_share, read_publication
from tests.tiny import tiny_model

ONE, TWO = Published("one", "1"), Published("two", "2")


def actions(home: Path) -> list[str]:
    return [row["action"] for row in publication.history(home)]


def test_nothing_is_published_at_first(tmp_path: Path) -> None:
    assert read_publication(tmp_path) == Publication()
    assert publication.history(tmp_path) == []
    with pytest.raises(NothingPublished, match="chatbot models publish"):
        publication.rollback(tmp_path)
    assert publication.history(tmp_path) == [], "what did not happen is not recorded"


def test_rollback_goes_back_one_by_one_to_the_default(tmp_path: Path) -> None:
    publication.publish(tmp_path, ONE)
    publication.publish(tmp_path, TWO, reason="better")
    assert read_publication(tmp_path).current == TWO
    assert publication.rollback(tmp_path).current == ONE
    assert publication.rollback(tmp_path).current is None
    with pytest.raises(NothingPublished):
        publication.rollback(tmp_path)
    rows = publication.history(tmp_path)
    assert [(row["action"], row["before"], row["after"]) for row in rows] == [
        ("publish", "default", "one"),
        ("publish", "one", "two"),
        ("rollback", "two", "one"),
        ("rollback", "one", "default"),
    ]
    assert rows[1]["reason"] == "better"
    assert all(row["at"].endswith("+00:00") and row["who"] for row in rows)


def test_a_canary_leaves_the_current_version_and_ends_first(tmp_path: Path) -> None:
    publication.publish(tmp_path, ONE)
    assert publication.start_canary(tmp_path, TWO, 0.25) == Publication(ONE, TWO, 0.25, (None,))
    assert publication.rollback(tmp_path) == Publication(ONE, before=(None,))
    publication.start_canary(tmp_path, TWO, 0.5)
    assert publication.publish(tmp_path, TWO) == Publication(TWO, before=(None, ONE))


def test_two_servers_that_find_the_same_fault_take_it_back_once(tmp_path: Path) -> None:
    publication.publish(tmp_path, ONE)
    publication.publish(tmp_path, TWO)
    for _ in range(2):
        publication.rollback(tmp_path, only=TWO, by="server")
    assert read_publication(tmp_path).current == ONE
    assert actions(tmp_path) == ["publish", "publish", "rollback"]


def test_a_fault_of_the_current_version_ends_the_canary_beside_it_too(tmp_path: Path) -> None:
    publication.publish(tmp_path, ONE)
    publication.start_canary(tmp_path, TWO, 0.5)
    assert publication.rollback(tmp_path, only=ONE) == Publication()


def test_changes_of_several_threads_are_all_kept(tmp_path: Path) -> None:
    versions = [Published(f"m{n}", str(n)) for n in range(12)]
    threads = [threading.Thread(target=publication.publish, args=(tmp_path, v)) for v in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    now = read_publication(tmp_path)
    assert {now.current, *now.before} == {None, *versions}
    assert len(actions(tmp_path)) == 12


def test_only_so_many_steps_back_are_kept(tmp_path: Path) -> None:
    for n in range(KEPT + 3):
        publication.publish(tmp_path, Published("m", str(n)))
    assert len(read_publication(tmp_path).before) == KEPT


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"current": 3}', "\x00"])
def test_a_damaged_pointer_is_named(tmp_path: Path, text: str) -> None:
    publication.publish(tmp_path, ONE)
    (tmp_path / "models" / "published.json").write_text(text)
    with pytest.raises(PublicationUnreadable, match=r"published\.json"):
        read_publication(tmp_path)


def test_a_line_cut_short_does_not_hide_the_others(tmp_path: Path) -> None:
    publication.publish(tmp_path, ONE)
    path = tmp_path / "models" / "history.jsonl"
    path.write_text(path.read_text() + '{"at": "20')
    assert actions(tmp_path) == ["publish"]


@given(st.text(), st.floats(0, 1))
def test_a_conversation_stays_where_it_is(conversation: str, share: float) -> None:
    first = in_share(conversation, ONE, share)
    assert in_share(conversation, ONE, share) is first
    assert not in_share(conversation, ONE, 0.0)
    assert in_share(conversation, ONE, 1.0)
    assert not first or in_share(conversation, ONE, (share + 1) / 2), "a growing share keeps those it has"


def test_the_share_is_about_the_share() -> None:
    chosen = sum(in_share(f"c{n}", ONE, 0.1) for n in range(5000))
    assert 400 < chosen < 600


def test_the_setting_published_is_the_published_version(tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "models" / "shop")
    publication.publish(tmp_path, Published("shop", model.version))
    assert resolve_model("published", tmp_path) == model
    publication.publish(tmp_path, Published("shop", "other"))
    with pytest.raises(ModelMissing, match=f"now {model.version} and other was published"):
        resolve_model("published", tmp_path)
    publication.publish(tmp_path, Published("gone", "1"))
    with pytest.raises(ModelMissing, match="chatbot models rollback"):
        resolve_model("published", tmp_path)
