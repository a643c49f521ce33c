"""Writes what the library tokenizers makes of many strings with vocabularies that bring
text to Unicode's normal form C first.

  python normalised.py           (pip install tokenizers==0.23.3)
  python normalised.py show KIND TEXT

qwen2.json.gz     tokenizer.json of Qwen 2's form, and of GPT-NeoX's (Pythia, OLMo), with added
neox.json.gz      tokens as those have, 3,000 tokens trained on Go's standard library.
normalised.json   in base64: for each of the two the first two bytes of the SHA-256 of each
                  string's ids, with special tokens read and as text (int32, little-endian, −1
                  between); the strings are those of golden.jsonl.gz and then MARKED. "nfc": of
                  the normal forms of probes, for each 4,096 code points.
"""
import base64
import gzip
import hashlib
import json
import pathlib
import struct
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from samples import go_lines

HERE = pathlib.Path(__file__).parent
QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
         r"|\s*[\r\n]+|\s+(?!\S)|\s+")
MARKED = 4000
PARTS = ["a", "e", "E", "o", "ä", "é", "\u0301", "\u0308", "\u0323", "\u0327", "\u0345", "\u0334", "\u1100", "\u1161", "\u11a8", "가", "\u0915",
         "\u093c", "\u09c7", "\u09be", "ﬁ", "Å", "Ω", "\u2126", "\u212b", "\u0344", "\ufb1d", "\U0001d15e", "\U00011935", "\U00011930", "\u0899",
         "\U0001e130", "\U000105d2", "\u0307", " ", "  ", "1", "12", "²", "½", "'s", "\n", "<|endoftext|>", "<tool>", "   ", "日", "豈", "\u1715"]


def marked():
    """Strings of PARTS by the splitmix64 sequence from 0."""
    state, mask = 0, (1 << 64) - 1
    def draw(n):
        nonlocal state
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
        return ((z ^ z >> 31) >> 32) % n
    for _ in range(MARKED):
        yield "".join(PARTS[draw(len(PARTS))] for _ in range(1 + draw(8)))


def train(pre):
    tok = Tokenizer(models.BPE())
    tok.normalizer = normalizers.NFC()
    tok.pre_tokenizer = pre
    tok.decoder = decoders.ByteLevel()
    tok.post_processor = processors.ByteLevel(trim_offsets=False)
    tok.train_from_iterator(go_lines()[::3] + ["naïve café übergroß " * 3] * 50, trainers.BpeTrainer(
        vocab_size=3000, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return tok


def vocabularies():
    qwen = train(pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(QWEN2), "isolated"),
                                          pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)]))
    qwen.add_special_tokens([AddedToken(t, normalized=False) for t in ["<|endoftext|>", "<|im_start|>"]])
    qwen.add_tokens([AddedToken("<tool>", normalized=False)])
    neox = train(pre_tokenizers.ByteLevel(add_prefix_space=False))
    neox.add_special_tokens([AddedToken(t, normalized=False) for t in ["<|endoftext|>", "<|padding|>"]])
    # Runs of spaces, looked for in normalised text, as anything else of that kind would be.
    neox.add_tokens([AddedToken(" " * n, normalized=True) for n in range(24, 1, -1)] + [AddedToken(t, normalized=True) for t in ["éo", "E\u0301"]])
    return {"qwen2": qwen, "neox": neox}


def both(tok, text):
    tok.encode_special_tokens = False
    ids = tok.encode(text, add_special_tokens=False).ids
    tok.encode_special_tokens = True
    return ids + [-1] + tok.encode(text, add_special_tokens=False).ids


def digest(data):
    return hashlib.sha256(data).digest()[:2]


def main(*args):
    if args[:1] == ("show",):
        tok = Tokenizer.from_str(gzip.decompress((HERE / f"{args[1]}.json.gz").read_bytes()).decode())
        ids = both(tok, args[2])
        print(ids, [tok.id_to_token(i) for i in ids if i >= 0])
        return
    with gzip.open(HERE / "golden.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["t"] for line in lines] + list(marked())
    golden = {}
    for name, tok in vocabularies().items():
        data = json.dumps(json.loads(tok.to_str()), ensure_ascii=False, separators=(",", ":")).encode()
        (HERE / f"{name}.json.gz").write_bytes(gzip.compress(data, 9, mtime=0))
        lists = [both(tok, text) for text in texts]
        golden[name] = base64.b64encode(b"".join(digest(struct.pack(f"<{len(ids)}i", *ids)) for ids in lists)).decode()
    nfc, blocks = normalizers.NFC().normalize_str, b""
    for block in range(0, 0x110000, 4096):
        forms = [nfc(p) for c in range(block, block + 4096) if not 0xD800 <= c < 0xE000
                 for p in (chr(c), f"a{chr(c)}\u0334", f"a\u0345{chr(c)}", f"e{chr(c)}\u0301")]
        blocks += digest("".join(forms).encode())
    golden["nfc"] = base64.b64encode(blocks).decode()
    (HERE / "normalised.json").write_text(json.dumps(golden, indent=0) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
