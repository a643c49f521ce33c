"""Writes bpetrain.json.gz: texts, and the vocabularies that Python's tokenizers library trains on them.

    pip install tokenizers==0.23.3
    python bpetrain.py

With a file of texts, one JSON string a line, and a vocabulary size, prints what the library trains on it instead (for
comparing larger corpora):

    python bpetrain.py texts.jsonl 8192 gpt2 > vocabulary.json
"""

import gzip
import io
import json
import random
import sys
import time

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def pre_tokenizer(name):
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=name != "llama3")
    if name == "gpt2":
        return byte_level
    if name == "smollm2":
        return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level])
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3), "isolated"), byte_level])


def train(texts, vocab, name):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer(name)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab,
        show_progress=False,
        special_tokens=["<bos>", "<eos>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    ids = model["vocab"]
    return {"split": name, "tokens": sorted(ids, key=ids.get), "merges": model["merges"]}


def text(rng):
    """A text of made-up words, frequent ones first, with what makes pre-tokens interesting strewn in."""
    syllables = [c + v + e for c in "bcdfglmnprstvw" for v in "aeiou" for e in ["", "n", "r", "st", "é"]]
    words = ["".join(rng.choice(syllables) for _ in range(rng.choice([1, 1, 2, 2, 3]))) for _ in range(400)]
    words += ["naïve", "straße", "слово", "мир", "世界", "数", "🙂", "🙂🙂", "don't", "we're", "I'll", "aaaa", "aaaaaaa", "abab"]
    rng.shuffle(words)
    out = []
    for _ in range(rng.randrange(50, 400)):
        word = words[min(int(rng.expovariate(1 / 60)), len(words) - 1)]
        roll = rng.random()
        if roll < 0.05:
            word = word.capitalize()
        elif roll < 0.1:
            word = str(rng.randrange(10 ** rng.randrange(1, 7)))
        elif roll < 0.12:
            word = "\n\n" + "    " * rng.randrange(4) + word + "(" + word + ");"
        elif roll < 0.13:
            word = "----------"
        out.append(word + rng.choice(["", "", "", "", ",", ".", "!", "\n", "\t", "  "]))
    return " ".join(out)


def main():
    if len(sys.argv) > 1:
        path, vocab, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
        with open(path, encoding="utf-8") as lines:
            texts = [json.loads(line) for line in lines]
        began = time.time()
        json.dump(train(texts, vocab, name), sys.stdout)
        print(f"{time.time() - began:.1f} s", file=sys.stderr)
        return
    rng = random.Random(1)
    texts = [text(rng) for _ in range(60)]
    golden = {"texts": texts, "trained": [train(texts, 900, name) for name in ["gpt2", "smollm2", "llama3"]]}
    data = io.BytesIO()
    with gzip.GzipFile(fileobj=data, mode="wb", mtime=0) as z:
        z.write(json.dumps(golden, ensure_ascii=False).encode())
    with open("bpetrain.json.gz", "wb") as f:
        f.write(data.getvalue())


main()
