"""Writes what SentencePiece and the library tokenizers make of many strings, with
vocabularies that write a space as "▁".

  python spaced.py [path/to/gemma-3-270m-q4_k_m.gguf]
  python spaced.py show KIND TEXT [path/to/gemma-3-270m-q4_k_m.gguf]

      (pip install sentencepiece==0.2.3 protobuf tokenizers==0.23.3 gguf==0.19.0)

scores.json.gz  a vocabulary as GGUF metadata has it: tokens, token types and scores; 1,500
                tokens trained by SentencePiece on Go's standard library, some of them
                user-defined, unused, of equal score, or with a character that is no token.
spaced.json     for each kind below the first two bytes of the SHA-256 of each string's ids
                (int32, little-endian), in base64. The strings are those of gemma.jsonl.gz.

  none, prefix    scores.json.gz by SentencePiece itself, without and with the space in front
  llama           tokenizer.json of Llama 2's form (Prepend, Replace), of the same tokens
  always, first, never, words
                  the same with Metaspace and its prepend_scheme; words: splitting at spaces
  gemma3          Gemma 3's own vocabulary, read from the GGUF file, by SentencePiece

"show" prints the tokens and ids of one text.
"""
import base64
import gzip
import hashlib
import io
import json
import pathlib
import random
import struct
import sys

import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2 as pb
from tokenizers import Tokenizer

from samples import go_lines

HERE = pathlib.Path(__file__).parent
NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = range(1, 7)
USER_DEFINED = ["<b>", "</b>", "\n\n", "\n\n\n", "▁▁", "▁▁▁", "func", "x▁="]


def compress(name, value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    (HERE / name).write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def read(name):
    return json.loads(gzip.decompress((HERE / name).read_bytes()))


def vocabulary():
    lines = go_lines()[::11]
    model = io.BytesIO()
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter("".join(lines[i:i + 2])[:400] for i in range(0, 24000, 2)), model_writer=model, model_type="bpe", vocab_size=1500,
        byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False, add_dummy_prefix=True,
        allow_whitespace_only_pieces=True, split_by_whitespace=False, split_digits=True, character_coverage=0.999, user_defined_symbols=USER_DEFINED,
        control_symbols=["<start>", "<|im_start|>"], minloglevel=2)
    proto = pb.ModelProto()
    proto.ParseFromString(model.getvalue())
    tokens = [p.piece for p in proto.pieces]
    types = [p.type for p in proto.pieces]
    rng = random.Random(1)
    # Equal scores in threes: the leftmost goes first.
    scores = [float(int(p.score) // 3) if t == NORMAL else p.score for p, t in zip(proto.pieces, types)]
    normal = [i for i, t in enumerate(types) if t == NORMAL]
    for i in rng.sample([i for i in normal if len(tokens[i]) > 1], 120):
        types[i] = UNUSED
    # Characters that are none: what they are part of is still reached.
    gone = set(rng.sample([i for i in normal if len(tokens[i]) == 1 and tokens[i] not in "▁eta"], 12))
    kept = [i for i in range(len(tokens)) if i not in gone]
    return {"tokens": [tokens[i] for i in kept], "types": [types[i] for i in kept], "scores": [scores[i] for i in kept]}


def sentencepiece(v, prefix):
    proto = pb.ModelProto()
    for token, kind, score in zip(v["tokens"], v["types"], v["scores"]):
        # Converters write spaces into user-defined tokens.
        proto.pieces.add(piece=token.replace(" ", "▁"), score=score, type=UNKNOWN if token == "<unk>" else kind)
    proto.trainer_spec.model_type = pb.TrainerSpec.BPE
    proto.trainer_spec.byte_fallback = True
    proto.trainer_spec.unk_id = v["tokens"].index("<unk>")
    proto.normalizer_spec.name = "identity"
    proto.normalizer_spec.add_dummy_prefix = prefix
    proto.normalizer_spec.remove_extra_whitespaces = False
    model = spm.SentencePieceProcessor(model_proto=proto.SerializeToString())
    return lambda text: model.encode(text)


def gguf(path):
    from gguf import GGUFReader

    fields = GGUFReader(path).fields
    get = lambda key: fields["tokenizer.ggml." + key].contents()
    return {"tokens": get("tokens"), "types": get("token_type"), "scores": get("scores")}


def llama(v, kind):
    """tokenizer.json of the same tokens, its merges the splits of each by score, as converters list them."""
    vocab = {t: i for i, t in enumerate(v["tokens"])}
    merges = []
    for token, i in vocab.items():
        if v["types"][i] not in (NORMAL, UNUSED):
            continue
        splits = [(token[:n], token[n:]) for n in range(1, len(token)) if token[:n] in vocab and token[n:] in vocab]
        merges += [(-v["scores"][i], s) for s in sorted(splits, key=lambda s: (vocab[s[0]], vocab[s[1]]))]
    merges = [list(m) for _, m in sorted(merges, key=lambda m: m[0])]
    added = [{"id": i, "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": kind == USER and t == "func",
              "special": kind != USER} for i, (t, kind) in enumerate(zip(v["tokens"], v["types"])) if kind in (UNKNOWN, CONTROL, USER)]
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    prepend = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, replace]}
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always" if kind == "words" else kind, "split": kind == "words"}
    decoders = [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]
    if kind != "never":
        decoders.append({"type": "Strip", "content": " ", "start": 1, "stop": 0})
    bos = {"id": "<s>", "ids": [vocab["<s>"]], "tokens": ["<s>"]}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
        "normalizer": prepend if kind == "llama" else None, "pre_tokenizer": None if kind == "llama" else metaspace,
        "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                           "pair": [], "special_tokens": {"<s>": bos}},
        "decoder": {"type": "Sequence", "decoders": decoders},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": None,
                  "fuse_unk": True, "byte_fallback": True, "ignore_merges": False, "vocab": vocab, "merges": merges},
    }


def tokenizers(v, kind):
    tok = Tokenizer.from_str(json.dumps(llama(v, kind)))

    def encode(text):
        tok.encode_special_tokens = False
        ids = tok.encode(text, add_special_tokens=False).ids
        tok.encode_special_tokens = True
        return ids + [-1] + tok.encode(text, add_special_tokens=False).ids

    encode.decode = lambda ids: tok.decode(ids, skip_special_tokens=False)
    return encode


KINDS = ["llama", "always", "first", "never", "words"]


def encoder(kind, v, path):
    if kind in KINDS:
        return tokenizers(v, kind)
    return sentencepiece(gguf(path) if kind == "gemma3" else v, kind == "prefix")


def main(*args):
    if args[:1] == ("show",):
        kind, text, *path = args[1:]
        v = gguf(*path) if kind == "gemma3" else read("scores.json.gz")
        ids = encoder(kind, v, *(path or [None]))(text)
        print(ids, [v["tokens"][i] for i in ids if i >= 0])
        return
    path = args[0] if args else None
    v = vocabulary()
    compress("scores.json.gz", v)
    with gzip.open(HERE / "gemma.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["t"] for line in lines]
    texts.append("")
    golden = json.loads((HERE / "spaced.json").read_text()) if (HERE / "spaced.json").exists() else {}
    for kind in ["none", "prefix", *KINDS] + (["gemma3"] if path else []):
        encode = encoder(kind, v, path)
        digests = b""
        for text in texts:
            ids = encode(text)
            digests += hashlib.sha256(struct.pack(f"<{len(ids)}i", *ids)).digest()[:2]
        golden[kind] = base64.b64encode(digests).decode()
    (HERE / "spaced.json").write_text(json.dumps(golden, indent=0) + "\n")
    # And one file in full, for reading a tokenizer.json of this form.
    compress("llama2.json.gz", llama(v, "llama"))


if __name__ == "__main__":
    main(*sys.argv[1:])
