"""The methods of training: which weights learn, and in what form they are kept to be served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from finetune.training.recipe import Recipe

PREFIX_TOKENS = 16
SEED_TEXT = "Answer the customer from the passages and cite the passage of each statement by its number. "


def config_of(model: Any, recipe: Recipe, steps: int) -> Any:
    """The peft configuration of the method, None where all weights learn; `steps` is the run's length."""
    from peft import AdaLoraConfig, LoraConfig, PrefixTuningConfig

    if recipe.method == "full":
        return None
    if recipe.method == "prefix":
        return PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=PREFIX_TOKENS)
    common: dict[str, Any] = {
        "lora_alpha": recipe.alpha,
        "target_modules": _upper(model.config.num_hidden_layers),
        "task_type": "CAUSAL_LM",
    }
    if recipe.method == "adalora":
        return AdaLoraConfig(
            target_r=recipe.rank,
            init_r=recipe.rank + recipe.rank // 2,  # as in the paper: a third of it is given up again
            tinit=steps // 10,
            tfinal=steps // 4,
            total_step=steps,
            **common,
        )
    return LoraConfig(
        r=recipe.rank, use_dora=recipe.method == "dora", use_rslora=recipe.method == "rslora", **common
    )


def prepare(model: Any, tokenizer: Any, recipe: Recipe) -> None:
    """After peft has put its weights in: a prefix begins as what the model itself makes of a text."""
    if recipe.method == "prefix":
        encoder = model.prompt_encoder["default"]
        encoder.load_prompt_embeddings(_seen(model.get_base_model(), tokenizer, PREFIX_TOKENS))


def loss_beside(model: Any, recipe: Recipe) -> Any:
    """What the method adds to the loss of the words: AdaLoRA wants its vectors at right angles."""
    import torch

    if recipe.method != "adalora":
        return 0.0
    distances = []
    for name, weight in model.named_parameters():
        if "lora_A" in name or "lora_B" in name:
            square = weight @ weight.T if "lora_A" in name else weight.T @ weight
            distances.append(torch.linalg.norm(square - torch.eye(len(square), device=square.device)))
    return model.peft_config["default"].orth_reg_weight * torch.stack(distances).mean()


def save(model: Any, recipe: Recipe, base: str, out: Path) -> None:
    """Write the result to the folder `out`: an adapter, a prefix, or a whole model in bfloat16.

    AdaLoRA is written as the LoRA adapter that does the same, which vLLM can serve too.
    """
    import torch

    if recipe.method == "full":
        model.to(torch.bfloat16).save_pretrained(str(out))
        return
    if recipe.method == "adalora":
        _save_as_lora(model, recipe, base, out)
    else:
        model.peft_config["default"].base_model_name_or_path = base  # not a path of this machine
        # False: the embedding is never changed; to see whether, peft would ask the model hub for the base.
        model.save_pretrained(out, save_embedding_layers=False)
        (out / "README.md").unlink(missing_ok=True)  # peft's form sheet, with nothing filled in


def _upper(layers: int) -> str:
    """The upper two thirds of the layers: the gradient need not go through the rest."""
    upper = "|".join(map(str, range(layers // 3, layers)))
    return rf".*\.layers\.({upper})\..*_proj"


def _seen(model: Any, tokenizer: Any, tokens: int) -> Any:
    """Keys and values of so many tokens of a text, one row a token, in the order of peft's prefix."""
    import torch
    from transformers import DynamicCache

    text = SEED_TEXT * (1 + tokens // 8)
    ids = tokenizer(text, return_tensors="pt").input_ids[:, :tokens].to(model.device)
    with torch.no_grad():
        # Without the model's configuration it keeps every token, also where attention is short-sighted.
        cache = model(ids, past_key_values=DynamicCache(), use_cache=True).past_key_values
    both = [part[0] for layer in cache.layers for part in (layer.keys, layer.values)]
    return torch.stack(both).permute(2, 0, 1, 3).reshape(tokens, -1).float()


def _save_as_lora(model: Any, recipe: Recipe, base: str, out: Path) -> None:
    """Each matrix is B (A E) alpha / rank: E goes into A, the factor into B, ranks given up are left out."""
    import torch
    from peft import LoraConfig
    from peft.tuners.adalora import SVDLinear
    from safetensors.torch import save_file

    found = [(name, m) for name, m in model.base_model.model.named_modules() if isinstance(m, SVDLinear)]
    kept = {name: (m.lora_E["default"].flatten() != 0).nonzero().flatten() for name, m in found}
    rank = max(1, *(len(rows) for rows in kept.values()))
    tensors = {}
    for name, module in found:
        rows = kept[name]
        a, b, e = (getattr(module, f"lora_{x}")["default"].detach().float().cpu() for x in "ABE")
        factor = module.scaling["default"] / (float(module.ranknum["default"]) + 1e-5)
        wide, tall = torch.zeros(rank, a.shape[1]), torch.zeros(b.shape[0], rank)
        wide[: len(rows)] = (a * e)[rows.cpu()]
        tall[:, : len(rows)] = b[:, rows.cpu()] * factor
        tensors[f"base_model.model.{name}.lora_A.weight"] = wide
        tensors[f"base_model.model.{name}.lora_B.weight"] = tall
    out.mkdir(parents=True, exist_ok=True)
    save_file(tensors, out / "adapter_model.safetensors")
    LoraConfig(
        r=rank,
        lora_alpha=rank,
        target_modules=_upper(model.config.num_hidden_layers),
        task_type="CAUSAL_LM",
        base_model_name_or_path=base,
        inference_mode=True,
    ).save_pretrained(str(out))
