"""The loss curves of a training run as a picture."""

from pathlib import Path

from finetune.training.train import Trained


def plot_loss(trained: Trained, path: Path) -> None:
    """Write a PNG: training and validation loss by step."""
    from matplotlib.figure import Figure  # not pyplot: no window system, safe in threads

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    if trained.curve:
        steps, losses = zip(*trained.curve, strict=True)
        axes.plot(steps, losses, color="#2f6f5e", linewidth=1.8, label="training")
    if trained.validated:
        steps, losses = zip(*trained.validated, strict=True)
        axes.plot(steps, losses, "o--", color="#c2613a", linewidth=1.2, label="validation")
    axes.set_xlabel("step")
    axes.set_ylabel("loss (nats per token)")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=130)
