"""Writes ../classes.txt: the character classes of the pre-tokenizers, by asking
the library tokenizers about every code point.

pip install tokenizers==0.23.3; python classes.py
"""
import pathlib
import tokenizers
from tokenizers import Regex, pre_tokenizers as pre

PROBE = "\x01"  # in none of the classes


def members(splitter):
    """Code points that the splitter cuts out from between two probes."""
    return [c for c in range(0x110000)
            if not 0xD800 <= c < 0xE000
            and len(splitter.pre_tokenize_str(PROBE + chr(c) + PROBE)) == 3]


def ranges(codes):
    out = []
    for c in codes:
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return " ".join(f"{a:x}" if a == b else f"{a:x}-{b:x}" for a, b in out)


lines = [f"# Made by testdata/classes.py with tokenizers {tokenizers.__version__}: "
         r"L \p{L}, N \p{N}, S \s, D the Digits pre-tokenizer."]
for name, splitter in [
    ("L", pre.Split(Regex(r"\p{L}"), "isolated")),
    ("N", pre.Split(Regex(r"\p{N}"), "isolated")),
    ("S", pre.Split(Regex(r"\s"), "isolated")),
    ("D", pre.Digits(individual_digits=True)),
]:
    lines.append(name + " " + ranges(members(splitter)))
path = pathlib.Path(__file__).parent.parent / "classes.txt"
path.write_text("\n".join(lines) + "\n")
