"""Writes a vocabulary of Gemma's form and what the library tokenizers makes of it.

  python gemma.py [n [seed [directory]]]      (pip install tokenizers==0.23.3)

gemma.json.gz   tokenizer.json as google/gemma-7b has it, in small: characters with byte
                fallback, "▁" for a space, added tokens that are runs of newlines, runs of
                "▁" and HTML tags, "\\t" in the place of "<0x09>", 3,000 tokens trained on
                Go's standard library. Some added tokens are looked for in normalised text.
gemma.jsonl.gz  a string a line: "t" the text, "ids" with special tokens read as special,
                "text" the same with them read as text where that differs.
"""
import gzip
import json
import pathlib
import random
import sys

from tokenizers import Tokenizer, models, normalizers, trainers

from samples import go_lines, samples

HERE = pathlib.Path(__file__).parent
SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]
PLAIN = ["<mask>", "<2mass>", "[@BOS@]", "<unused0>", "<unused1>", *("\n" * n for n in range(1, 32)),
         *("▁" * n for n in range(2, 32)), "<table>", "<caption>", "</table>", "<tr>", "<td>", "<h1>", "</h1>", "<b>", "</b>"]
NORMALISED = ["▁if▁", "a b", "▁ ▁!", "«"]


def vocabulary(seed):
    # Whole stretches of text, as there are no pre-tokens: so tokens grow across spaces.
    lines = go_lines()[::7]
    texts = ["".join(lines[i:i + 3]) for i in range(0, len(lines), 3)]
    tok = Tokenizer(models.BPE())
    tok.normalizer = normalizers.Replace(" ", "▁")
    tok.train_from_iterator(texts[:12000], trainers.BpeTrainer(vocab_size=3000, limit_alphabet=150, show_progress=False))
    trained = json.loads(tok.to_str())["model"]
    # Bytes come before what is trained. A tab is no byte but a character, as in Gemma.
    tokens = SPECIAL + PLAIN + NORMALISED + [f"<0x{b:02X}>" if b != 9 else "\t" for b in range(256)]
    tokens += [t for t in sorted(trained["vocab"], key=trained["vocab"].get) if t not in tokens]
    vocab = {t: i for i, t in enumerate(tokens)}
    # SentencePiece knows each way to spell a token, runs of newlines and "▁" among them.
    merges = [tuple(m) for m in trained["merges"]]
    for run in ["\n", "▁"]:
        merges += [(run * a, run * (n - a)) for n in range(2, 32) for a in range(1, n) if run * n in vocab]
    merges = list(dict.fromkeys(merges))
    added = [{"id": vocab[t], "content": t, "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": t in NORMALISED, "special": t in SPECIAL} for t in SPECIAL + PLAIN + NORMALISED]
    bos = {"id": "<bos>", "ids": [vocab["<bos>"]], "tokens": ["<bos>"]}
    piece, special = lambda i: {"Sequence": {"id": i, "type_id": 0}}, {"SpecialToken": {"id": "<bos>", "type_id": 0}}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "pre_tokenizer": {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False},
        "post_processor": {"type": "TemplateProcessing", "single": [special, piece("A")],
                           "pair": [special, piece("A"), special, piece("B")], "special_tokens": {"<bos>": bos}},
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True, "ignore_merges": False,
                  "vocab": vocab, "merges": [list(m) for m in merges]},
    }


def strings(n, seed):
    yield from samples(n * 3 // 4, seed)
    rng = random.Random(seed)
    lines = go_lines()
    parts = [*SPECIAL, *PLAIN[:5], *PLAIN[-9:], *NORMALISED, "<", ">", "</", "<0x41>", "<0xE2>", "<0x", "\t", "▁", "é", "日", "\u0301",
             "😀", "\u0085", "\x00", "\x7f", "\ufffd", "\U0010ffff", "if", "a", "!", "x = ", "func"]
    runs = [" ", "\n", "▁", "\t", " ▁", "\r\n"]

    def part():
        if rng.random() < 0.4:
            return rng.choice(runs) * rng.choice([1, 1, 2, 3, 5, 8, 31, 33, 70])
        return rng.choice(parts)
    for i in range(n - n * 3 // 4):
        if i % 10 == 0:
            start = rng.randrange(len(lines))
            yield "".join(lines[start:start + 40]).replace("\n", rng.choice(["\n", " ", ""]))
        else:
            yield "".join(part() for _ in range(rng.randint(1, 10)))


def main():
    n, seed, out = (sys.argv[1:] + ["", "", ""])[:3]
    n, seed, out = int(n or 13000), int(seed or 3), pathlib.Path(out or HERE)
    path = out / "gemma.json.gz"
    if not path.exists():
        text = json.dumps(vocabulary(seed), ensure_ascii=False, separators=(",", ":"))
        path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    tok = Tokenizer.from_str(gzip.decompress(path.read_bytes()).decode())
    lines = []
    for text in strings(n, seed):
        line = {"t": text}
        for key, as_text in [("ids", False), ("text", True)]:
            tok.encode_special_tokens = as_text
            ids = tok.encode(text, add_special_tokens=False).ids
            # The library's own decoder says what of a text survives.
            assert tok.decode(ids, skip_special_tokens=False) == text.replace("▁", " "), text
            if ids != line.get("ids"):
                line[key] = ids
        lines.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
    (out / "gemma.jsonl.gz").write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
