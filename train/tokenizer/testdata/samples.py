"""Strings that exercise the pre-tokenizers: samples(n, seed) yields n of them,
always the same for the same arguments."""
import itertools
import pathlib
import random
import subprocess

# One character of each kind the patterns tell apart: all strings up to four of
# these come first.
KINDS = ["a", " ", "\n", "1", "'", "s", "!"]

SCRIPTS = {
    "latin": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZéüßñøåçœłžİıſﬁ",
    "cyrillic": "абвгдежзийклмнопрстуфхцчшщъыьэюяЖЁё",
    "greek": "αβγδεζηθικλμνξοπρστυφχψωΩάς",
    "cjk": "日本語中文字漢的一是不了人我在有他这𠀀𪚥㐀々〇",
    "kana": "あいうえおかきくけこアイウエオーっ゛ｱﾊﾟ",
    "arabic": "السلامعليكمءآأؤإئابةىپچ\u064b\u0651\u0640",
    "hebrew": "שלוםעברית\u05b8\u05bc",
    "devanagari": "नमस्तेदुनियाकखगघ\u093e\u0940\u094d",
    "thai": "สวัสดีชาวโลกกขค\u0e31\u0e48ๆ",
    "hangul": "안녕하세요한국어ㄱㄴㅏ\u1112\u1161\u11ab",
    "others": "ამቋማབོད្សაⴰꦲᏣᚠ𐍈𞤀𝒜𝔸ʰˀªº\u1c89\ua7cb\U000105c0\U0002ebf0",
}
DIGITS = "0123456789" * 3 + "٠١٢٣٤٥۶۷०१२३४๐๑๒０１２𝟎𝟙ⅧⅫⅿ½¼²³¹⁴₅①⑩㊿〇一𐄇৴௰\U000116d0\U00011de1\U00016ff5"
SPACES = " " * 8 + "\t\n\n\r\v\f\u0085\u00a0\u1680\u2002\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
NOT_SPACES = "\u200b\u200c\u200d\u2060\ufeff\u180e\u00ad\x1c\x1d\x1e\x1f"
PUNCT = ".,;:!?-–—_()[]{}<>/\\|@#$%^&*+=~`\"'’‘“”«»…•§¶†‰€£¥₿°©®™×÷≤≠∞∑√→⇒、。「」！？；："
MARKS = "\u0301\u0308\u0327\u0303\u20dd\u0335\u1ab0\ufe0f\u0483\u0345"
EMOJI = ["😀", "👍🏽", "👩\u200d👩\u200d👧\u200d👦", "🏳️\u200d🌈", "🇫🇷", "❤️", "1️⃣", "🧑🏿\u200d🚀",
         "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "☃", "♠"]
SUFFIXES = ["s", "t", "re", "ve", "m", "ll", "d", "S", "T", "RE", "Re", "rE", "VE", "M", "LL", "Ll", "D", "ſ", "ſt",
            "\u212a", "K", "k", "ﬆ", "ß", "ẞ", "st", "ss", "r", "v", "l", "e", "\u0130", "x"]
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|end_of_text|>", "<|endoftext",
            "<|im_start", "<||>", "<|"]


def go_lines():
    root = subprocess.check_output(["go", "env", "GOROOT"], text=True).strip()
    lines = []
    for path in sorted(pathlib.Path(root, "src").rglob("*.go")):
        if path.is_file():
            lines += path.read_text("utf-8", "ignore").splitlines(keepends=True)
    return lines


def samples(n, seed):
    rng = random.Random(seed)
    lines = go_lines()
    count = 0
    for length in range(5):
        for combination in itertools.product(KINDS, repeat=length):
            yield "".join(combination)
            count += 1

    def word():
        script = SCRIPTS[rng.choice(list(SCRIPTS))] if rng.random() < 0.6 else SCRIPTS["latin"]
        return "".join(rng.choice(script) for _ in range(rng.randint(1, 7)))

    def atom():
        return rng.choice([
            word, word, word,
            lambda: rng.choice(SCRIPTS["latin"]),
            lambda: "".join(rng.choice(DIGITS) for _ in range(rng.randint(1, 5))),
            lambda: "".join(rng.choice(SPACES) for _ in range(rng.randint(1, 4))),
            lambda: " ", lambda: " ", lambda: " ", lambda: "  ", lambda: "\n", lambda: "\r\n", lambda: " \n ",
            lambda: "".join(rng.choice(PUNCT) for _ in range(rng.randint(1, 3))),
            lambda: rng.choice("'’ʼ'") + rng.choice(SUFFIXES),
            lambda: "'" + rng.choice(SUFFIXES),
            lambda: rng.choice(EMOJI),
            lambda: rng.choice(MARKS),
            lambda: rng.choice(NOT_SPACES),
            lambda: chr(rng.randint(0, 0x9f)),
            anything,
            lambda: rng.choice(SPECIALS) if rng.random() < 0.3 else rng.choice(PUNCT),
        ])()

    def anything():
        while True:
            c = rng.randint(0, rng.choice([0x7ff, 0x2fff, 0xffff, 0x1ffff, 0x10ffff]))
            if not 0xD800 <= c < 0xE000:
                return chr(c)

    def text():
        start = rng.randrange(len(lines))
        return "".join(lines[start:start + rng.randint(1, 3)])[:rng.randint(20, 160)]

    makers = [
        lambda: "".join(atom() for _ in range(rng.randint(1, 9))),
        lambda: "".join(atom() for _ in range(rng.randint(1, 9))),
        lambda: "".join(rng.choice(KINDS + ["\r", "\u00a0", "é", "½", "\u0301", "T"]) for _ in range(rng.randint(4, 10))),
        lambda: (" " if rng.random() < 0.5 else "").join(word() for _ in range(rng.randint(1, 6))),
        lambda: "".join(anything() for _ in range(rng.randint(1, 6))),
        text,
    ]
    while count < n:
        yield rng.choice(makers)()
        count += 1
