"""A made-up model folder, complete but tiny: Gemma 3 with random weights and one token a byte."""

from __future__ import annotations

import json
from pathlib import Path

from chatbot.models.folders import ModelFolder, read_model
from chatbot.turn.prompt import CHAT_TEMPLATE


def tiny_model(folder: Path, context: int = 512, seed: int = 0) -> ModelFolder:
    """Write the model; the same seed gives the same weights."""
    folder.mkdir(parents=True)
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    _network(len(tokenizer), context, seed).save_pretrained(folder)
    (folder / "manifest.json").write_text(json.dumps({"name": "tiny", "version": f"seed{seed}"}))
    return read_model(folder)


def byte_tokenizer():
    """One token for each byte, so that every character beyond ASCII comes in several."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<eos>", "<bos>", "<unk>"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: n for n, token in enumerate(special + alphabet)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", bos_token="<bos>", unk_token="<unk>"
    )


def _network(words: int, context: int, seed: int):
    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    torch.manual_seed(seed)
    config = Gemma3TextConfig(
        vocab_size=words,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        layer_types=["sliding_attention", "full_attention"],
        sliding_window=16,
        max_position_embeddings=context,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=2,
    )
    return Gemma3ForCausalLM(config).to(torch.bfloat16)
