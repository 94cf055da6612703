"""Tables with stray quotes, ragged rows, NUL bytes, second headers and no header lose nothing readable."""

from __future__ import annotations

from pathlib import Path

import pytest

from finetune.errors import LogsUnreadable
from finetune.logs.conversation import Problem
from finetune.logs.reader import Reading, read_log, read_logs

HEAD = "id,role,message,status"


def texts(folder: Path, lines: list[str], problems: list[Problem]) -> list[str]:
    file = folder / "t.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    return [m.text for c in read_log(file, problems) for m in c.messages]


def test_a_quote_that_is_never_closed_costs_nothing(tmp_path: Path) -> None:
    lines = [
        HEAD,
        "1,customer,where is it,open",
        '1,agent,"it is on its way,open',
        "2,customer,thank you all,open",
    ]
    problems: list[Problem] = []
    assert texts(tmp_path, lines, problems) == ["where is it", "it is on its way", "thank you all"]
    assert [(p.line, "quote" in p.reason) for p in problems] == [(3, True)]


def test_a_message_with_line_breaks_in_quotes_stays_one(tmp_path: Path) -> None:
    lines = [HEAD, '1,customer,"one', "", 'two, three",open', "1,agent,yes of course,open"]
    problems: list[Problem] = []
    assert texts(tmp_path, lines, problems) == ["one\n\ntwo, three", "yes of course"]
    assert not problems


def test_ragged_rows_are_mended(tmp_path: Path) -> None:
    lines = [HEAD, "1,customer,hi, where is it, please,open", "1,agent,on its way", "1,agent"]
    problems: list[Problem] = []
    assert texts(tmp_path, lines, problems) == ["hi, where is it, please", "on its way"]
    assert [(p.line, p.reason) for p in problems] == [
        (2, "6 columns instead of 4: mended"),
        (3, "3 columns instead of 4: mended"),
        (4, "2 columns instead of 4"),
    ]


def test_nul_bytes_are_taken_out_and_told(tmp_path: Path) -> None:
    problems: list[Problem] = []
    assert texts(tmp_path, [HEAD, "1,customer,hel\0lo there,open"], problems) == ["hello there"]
    assert [(p.line, p.reason) for p in problems] == [(2, "NUL bytes taken out")]


def test_a_second_header_with_other_columns_is_followed(tmp_path: Path) -> None:
    lines = [
        HEAD,
        "1,customer,where is it now,open",
        "ticket_id,body,author_role,state",
        "2,in the van today,agent,x",
    ]
    problems: list[Problem] = []
    assert texts(tmp_path, lines, problems) == ["where is it now", "in the van today"]
    assert [p.line for p in problems] == [3]


@pytest.mark.parametrize("head", [[], ["Kundenfrage,Antwort vom Team"], ["question,answer"]])
def test_two_columns_with_any_header_or_none(tmp_path: Path, head: list[str]) -> None:
    lines = [*head, "How long do refunds take?,Within 5 days.", "能开发票吗？,可以，下单时填写抬头。"]
    problems: list[Problem] = []
    found = texts(tmp_path, lines, problems)
    assert found[:2] == ["How long do refunds take?", "Within 5 days."]
    assert len(found) == 4
    assert not problems


def test_columns_may_be_given(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a,b,c\n1,customer,x1\n1,agent,y2\n")
    reading = Reading({"conversation": "a", "role": "b", "message": "c"})
    (found,) = read_log(file, [], reading)
    assert [(m.role, m.text) for m in found.messages] == [("customer", "x1"), ("agent", "y2")]
    with pytest.raises(LogsUnreadable, match='no column "d" for message: its columns are a, b, c'):
        list(read_log(file, [], Reading({"message": "d"})))


def test_a_log_without_roles_takes_its_opener_for_the_customer(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("id,sender,message\n1,Kofi,is it here yet\n1,Maya,not before Monday\n")
    (found,) = read_logs([file])
    assert [m.role for m in found.messages] == ["customer", "agent"]
