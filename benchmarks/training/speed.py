"""How fast training is: ours, the same padded, and trl's packed trainer, taking turns in one process."""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.training import matrices
from benchmarks.training.contenders import NAMES, Contender
from benchmarks.training.rows import made_up
from chatbot.engines.cores import share_cores
from chatbot.models.folders import resolve_model
from chatbot.settings import load_settings
from finetune.training.train import load

ROWS = 4  # in a round: what the trainers read at a time
MIB = 1 << 20


def measure(model: Path, rounds: int, names: tuple[str, ...], out: Path, seed: int) -> dict[str, Any]:
    """Loss-bearing and all tokens a second of each contender: medians over rounds, taking turns."""
    import torch

    words = load(model)[0].config.vocab_size
    contenders = [Contender(name, lambda: load(model), made_up(ROWS, words), out) for name in names]
    taken: dict[str, list[float]] = {name: [] for name in names}
    losses: dict[str, float] = {}
    fills, answers, tokens = [], [], []
    for number in range(rounds + 1):  # the first one warms up
        rows = made_up(ROWS, words, seed=1000 * seed + number)
        for contender in contenders[number % len(names) :] + contenders[: number % len(names)]:
            batches = contender.batches(rows)
            began = time.perf_counter()
            loss = contender.step(batches)
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            taken[contender.name].append(time.perf_counter() - began)
            print(f"round {number}, {contender.name}: {taken[contender.name][-1]:.1f} s", file=sys.stderr)
            losses.setdefault(contender.name, loss)
            if contender.name == "padded":
                fills.append(
                    sum(len(r["input_ids"]) for r in rows) / sum(b["input_ids"].numel() for b in batches)
                )
        answers.append(sum(sum(row["completion_mask"]) for row in rows))
        tokens.append(sum(len(row["input_ids"]) for row in rows))
    speed = {
        name: statistics.median(a / t for a, t in zip(answers[1:], times[1:], strict=True))
        for name, times in taken.items()
    }
    return {
        "rows_a_round": ROWS,
        "rounds": rounds,
        "answer_share": sum(answers) / sum(tokens),
        "fill": statistics.mean(fills) if fills else None,
        "answer_tokens_a_second": speed,
        "tokens_a_second": {name: value * sum(tokens) / sum(answers) for name, value in speed.items()},
        "seconds": taken,
        "first_loss": losses,
    }


def ratios(found: dict[str, Any]) -> dict[str, float]:
    """Ours to the padded loop, to that over its fill, and to trl's packed trainer: medians of rounds."""
    taken = found["seconds"]

    def ratio(name: str) -> float:
        return statistics.median(t / o for t, o in zip(taken[name][1:], taken["ours"][1:], strict=True))

    padded = ratio("padded")
    return {
        "ours_to_padded": padded,
        "ours_to_padded_over_its_fill": padded * found["fill"],
        "ours_to_trl_packed": ratio("trl packed"),
    }


def memory(model: Path) -> dict[str, float]:
    """MiB at the peak of two rounds of each, in a process of its own: weights, adapter, activations."""
    peaks = {}
    for name in NAMES:
        command = [sys.executable, "-m", "benchmarks.training.speed", str(model), "--only", name]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path.cwd())
        peaks[name] = float(json.loads(done.stdout)["peak_mib"])
    return peaks


def _peak() -> float:
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / MIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print; figures as JSON on standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="base", help="as for `chatbot finetune --base`")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0, help="of the rows")
    parser.add_argument("--speed-only", action="store_true", help="leave the memory out, a minute or more")
    parser.add_argument("--only", choices=NAMES, help="two rounds of this one, for its memory")
    parser.add_argument("--shape", choices=matrices.SHAPES, help="a model of this size with random weights")
    asked = parser.parse_args()
    share_cores()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        if asked.shape:
            model = matrices.random_model(out / "model", asked.shape)
        else:
            model = resolve_model(asked.model, load_settings().home).path
        if asked.only:
            measure(model, 1, (asked.only,), out, asked.seed)
            print(json.dumps({"peak_mib": _peak()}))
            return
        found = measure(model, asked.rounds, NAMES, out, asked.seed)
        found |= {"ratios": ratios(found), **matrices.share(model, found)}
        for name, value in found["ratios"].items():
            print(f"{name:30} {value:.2f}", file=sys.stderr)
        if not asked.speed_only:
            found["peak_mib"] = memory(model)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
