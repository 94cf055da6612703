"""The search for a recipe: it beats or keeps the given one, cuts off bad trials, and goes on after a kill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from finetune.errors import TrainingError
from finetune.training import trials as searching
from finetune.training.recipe import Recipe, recipe_of
from finetune.training.train import Trained
from finetune.training.trials import search, shortened, varied
from tests.finetune.made_up import example

ROWS = [example(n) for n in range(4)]


class Valley:
    """Training without a model: the loss is least at a learning rate of 1e-3."""

    def __init__(self, dies_at: int = 0) -> None:
        self.runs: list[Recipe] = []
        self.dies_at = dies_at

    def __call__(
        self, base: Path, examples: Any, validation: Any, out: Path, recipe: Recipe, on_step: Any
    ) -> Trained:
        from math import log10

        from finetune.training.clock import Moment

        self.runs.append(recipe)
        if len(self.runs) == self.dies_at:
            raise KeyboardInterrupt
        loss = 1.0 + abs(log10(recipe.learning_rate / 1e-3))
        for n in range(1, 8):
            on_step(Moment(n / 8, 0.0, 1.0, loss, loss + 1 / n))
        return Trained(out, 1.0, 8, 100, 0, validation=(3.0, loss))


def asked(tmp_path: Path, count: int, valley: Valley, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(searching, "train", valley)
    told: list[str] = []
    recipe, found = search(tmp_path, ROWS, ROWS, tmp_path, Recipe(epochs=4), count, told.append)
    return recipe, found, told


def test_the_best_numbers_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    valley = Valley()
    recipe, found, told = asked(tmp_path, 12, valley, monkeypatch)
    assert len(found) == len(told) == len(valley.runs) == 12
    assert valley.runs[0] == shortened(Recipe(epochs=4)), "first the recipe as it stands"
    whole = [tried for tried in found if not tried.cut_off]
    assert any(tried.cut_off for tried in found), "the median of the others is a bar"
    assert whole == sorted(whole, key=lambda tried: tried.loss)
    assert recipe.learning_rate == whole[0].recipe["learning_rate"]
    assert abs(recipe.learning_rate - 1e-3) < abs(4e-4 - 1e-3)
    assert "learning_rate" in str(found[0])


def test_a_killed_search_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt):
        asked(tmp_path, 6, Valley(dies_at=4), monkeypatch)
    valley = Valley()
    _, found, _ = asked(tmp_path, 6, valley, monkeypatch)
    assert len(found) == 6
    assert len(valley.runs) == 3
    assert asked(tmp_path, 6, valley, monkeypatch)[1] == found, "nothing is left to try"
    assert len(valley.runs) == 3


def test_without_a_validation_set_there_is_no_search(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="validation set"):
        search(tmp_path, ROWS, [], tmp_path, Recipe(), 2, print)


def test_alpha_goes_with_the_rank_where_the_method_divides_by_it() -> None:
    assert varied(Recipe(), {"rank": 4.0}).alpha == 4 * Recipe().alpha
    assert varied(recipe_of("rslora"), {"rank": 4.0}).alpha == recipe_of("rslora").alpha
    assert varied(Recipe(), {}) == Recipe()


def test_a_trial_is_short() -> None:
    assert shortened(Recipe(epochs=4)).epochs == 1
    bound = shortened(Recipe(epochs=3, minutes=8))
    assert (bound.epochs, bound.minutes) == (3, 2)
