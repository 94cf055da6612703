"""How customers fared with each model version: feedback, hand-overs and abstentions in the stored turns."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

NINETY_FIVE = 1.96  # standard errors to each side of a 95 % interval
# A question that was not answered names no model. It counts for the version that answered before it in the
# same conversation, since a hand-over is asked for after a bad answer. Test questions are not customers.
_SQL = """
with written as (
    select t.rowid as n, t.id, t.conversation_id, t.decision, t.status, t.model from turns t
    join conversations c on c.id = t.conversation_id where c.channel != 'evaluation'
), owned as (
    select w.*, coalesce(nullif(w.model, ''), (
        select b.model from written b
        where b.conversation_id = w.conversation_id and b.n < w.n and b.model != ''
        order by b.n desc limit 1)) as owner from written w
)
select owner, sum(model != '') as turns, count(distinct conversation_id) as conversations,
    sum(model != '' and decision = 'abstain') as abstained, sum(model != '' and status = 'failed') as failed,
    count(distinct case when decision = 'handoff' then conversation_id end) as handed_over,
    sum(coalesce(f.rating, 0) = 1) as up, sum(coalesce(f.rating, 0) = -1) as down
from owned left join feedback f on f.turn_id = owned.id
where owner is not null group by owner
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """Counts for one model label; `abstained` and `failed` are turns, `handed_over` conversations."""

    turns: int
    conversations: int
    abstained: int
    failed: int
    handed_over: int
    up: int
    down: int


def usage(database: Path) -> dict[str, Usage]:
    """By model label; empty before the first conversation."""
    if not database.is_file():
        return {}
    with closing(sqlite3.connect(f"file:{database.absolute()}?mode=ro", uri=True)) as connection:
        try:
            rows = connection.execute(_SQL).fetchall()
        except sqlite3.OperationalError:  # a database whose tables are still being made
            return {}
    return {str(owner): Usage(*map(int, counts)) for owner, *counts in rows}


def share(part: int, whole: int) -> tuple[float, float, float]:
    """A share with its 95 % interval (Wilson 1927), which also holds for a few dozen cases; NaN of none."""
    if not whole:
        return math.nan, math.nan, math.nan
    mean, square = part / whole, NINETY_FIVE**2
    middle = (mean + square / (2 * whole)) / (1 + square / whole)
    half = NINETY_FIVE / (1 + square / whole)
    half *= math.sqrt(mean * (1 - mean) / whole + square / (4 * whole**2))
    return mean, max(0.0, middle - half), min(1.0, middle + half)
