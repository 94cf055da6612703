"""A made-up model that learns the answers of a small shop within seconds, and that vLLM can serve."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from chatbot.models.folders import ModelFolder, read_model
from chatbot.turn.prompt import CHAT_TEMPLATE

WORDS = 900
SIZE = 64
HEAD = 32  # the smallest that vLLM computes on a CPU
LOUD = 0.25  # spread of the embeddings: with the usual 0.02 no answer could ever be likely


def quick_model(folder: Path, texts: Iterable[str], context: int = 1024, layers: int = 2) -> ModelFolder:
    """Write the model; its tokens are the words of `texts`."""
    folder.mkdir(parents=True)
    tokenizer = _tokenizer(texts)
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    _network(len(tokenizer), context, layers).save_pretrained(folder)
    (folder / "manifest.json").write_text(json.dumps({"name": folder.name, "version": "0"}))
    return read_model(folder)


def _tokenizer(texts: Iterable[str]):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=WORDS,
        special_tokens=["<pad>", "<eos>", "<bos>", "<unk>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", bos_token="<bos>", unk_token="<unk>"
    )


def _network(words: int, context: int, layers: int):
    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    torch.manual_seed(0)
    config = Gemma3TextConfig(
        vocab_size=words,
        hidden_size=SIZE,
        intermediate_size=2 * SIZE,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=HEAD,
        layer_types=["full_attention"] * layers,
        max_position_embeddings=context,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=2,
    )
    network = Gemma3ForCausalLM(config)
    torch.nn.init.normal_(network.model.embed_tokens.weight, std=LOUD)
    return network.to(torch.bfloat16)
