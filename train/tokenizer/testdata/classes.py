"""Writes ../classes.txt: the character classes of the pre-tokenizers, by asking
the library tokenizers about every code point.

pip install tokenizers==0.23.3 unicodedata2==17.0.0; python classes.py
"""
import pathlib
import tokenizers
import unicodedata2
from tokenizers import Regex, normalizers, pre_tokenizers as pre

PROBE = "\x01"  # in none of the classes


def members(splitter):
    """Code points that the splitter cuts out from between two probes."""
    return [c for c in range(0x110000)
            if not 0xD800 <= c < 0xE000
            and len(splitter.pre_tokenize_str(PROBE + chr(c) + PROBE)) == 3]


def inert():
    """Code points that newer versions of Unicode compose, decompose or reorder, and the
    library's NFC, which is of Unicode 9 or so, does not."""
    ours, newest = normalizers.NFC().normalize_str, lambda s: unicodedata2.normalize("NFC", s)
    out = set()
    for c in range(0x110000):
        if 0xD800 <= c < 0xE000:
            continue
        # As itself; before a mark that stands first among marks, and after one that stands last.
        if any(ours(s) != newest(s) for s in (chr(c), f"a{chr(c)}\u0334", f"a\u0345{chr(c)}")):
            out.add(c)
        apart = unicodedata2.normalize("NFD", chr(c))
        if len(apart) > 1 and ours(apart) != newest(apart):
            # Those that are marks to the library still are.
            out |= {ord(x) for x in (chr(c), *apart) if ours(f"a{x}\u0334") == f"a{x}\u0334" and ours(f"a\u0345{x}") == f"a\u0345{x}"}
    return sorted(out)


def ranges(codes):
    out = []
    for c in codes:
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return " ".join(f"{a:x}" if a == b else f"{a:x}-{b:x}" for a, b in out)


lines = [f"# Made by testdata/classes.py with tokenizers {tokenizers.__version__}: "
         r"L \p{L}, N \p{N}, S \s, D the Digits pre-tokenizer, I inert to NFC."]
for name, splitter in [
    ("L", pre.Split(Regex(r"\p{L}"), "isolated")),
    ("N", pre.Split(Regex(r"\p{N}"), "isolated")),
    ("S", pre.Split(Regex(r"\s"), "isolated")),
    ("D", pre.Digits(individual_digits=True)),
]:
    lines.append(name + " " + ranges(members(splitter)))
lines.append("I " + ranges(inert()))
path = pathlib.Path(__file__).parent.parent / "classes.txt"
path.write_text("\n".join(lines) + "\n")
