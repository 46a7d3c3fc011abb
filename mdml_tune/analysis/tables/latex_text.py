r"""Any text as LaTeX that compiles as it is with pdflatex, and stays ASCII.

Letters with accents become their commands, Greek ones mathematics. What LaTeX has no sign for without
further packages (emoji, other scripts) stands as its code point, [U+1F600]: visible, never lost.
"""

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

_SIGNS: Mapping[str, str] = MappingProxyType(
    {
        "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$",
        "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        "[": "{[}", "]": "{]}", "*": "{*}", "`": "{`}", "<": "$<$", ">": "$>$", "|": "$|$",
        "±": r"$\pm$", "×": r"$\times$", "·": r"$\cdot$", "−": "$-$", "≤": r"$\leq$",
        "≥": r"$\geq$", "≈": r"$\approx$", "≠": r"$\neq$", "∞": r"$\infty$", "°": r"$^\circ$",
        "↑": r"$\uparrow$", "↓": r"$\downarrow$", "→": r"$\rightarrow$", "←": r"$\leftarrow$",
        "–": "--", "—": "---", "‘": "`", "’": "'", "“": "``", "”": "''", "…": r"\ldots{}",
        "²": "$^2$", "³": "$^3$",
        "†": r"$\dagger$", "‡": r"$\ddagger$", "§": r"\S{}", "©": r"\copyright{}",
        "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}",
        "ø": r"\o{}", "Ø": r"\O{}", "ł": r"\l{}", "Ł": r"\L{}", "ı": r"\i{}", "µ": r"$\mu$",
        "Δm": r"$\Delta m$",
    }
)  # fmt: skip
_ACCENTS: Mapping[str, str] = MappingProxyType(
    {
        "\u0300": r"\`", "\u0301": r"\'", "\u0302": r"\^", "\u0303": r"\~", "\u0304": r"\=",
        "\u0306": r"\u", "\u0307": r"\.", "\u0308": r'\"', "\u030a": r"\r", "\u030b": r"\H",
        "\u030c": r"\v", "\u0327": r"\c",
    }
)  # fmt: skip
_GREEK: Mapping[str, str] = MappingProxyType(
    {
        "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ε": r"\epsilon",
        "ζ": r"\zeta", "η": r"\eta", "θ": r"\theta", "ι": r"\iota", "κ": r"\kappa",
        "λ": r"\lambda", "μ": r"\mu", "ν": r"\nu", "ξ": r"\xi", "π": r"\pi", "ρ": r"\rho",
        "ς": r"\varsigma", "σ": r"\sigma", "τ": r"\tau", "υ": r"\upsilon", "φ": r"\phi",
        "χ": r"\chi", "ψ": r"\psi", "ω": r"\omega", "Γ": r"\Gamma", "Δ": r"\Delta",
        "Θ": r"\Theta", "Λ": r"\Lambda", "Ξ": r"\Xi", "Π": r"\Pi", "Σ": r"\Sigma",
        "Υ": r"\Upsilon", "Φ": r"\Phi", "Ψ": r"\Psi", "Ω": r"\Omega",
        # Without commands, as they look like Latin ones.
        "Α": "A", "Β": "B", "Ε": "E", "Ζ": "Z", "Η": "H", "Ι": "I", "Κ": "K", "Μ": "M",
        "Ν": "N", "Ο": "O", "Ρ": "P", "Τ": "T", "Χ": "X", "ο": "o",
    }
)  # fmt: skip

_LONGEST_FIRST = sorted(_SIGNS, key=len, reverse=True)
_PIECE = re.compile("|".join([*map(re.escape, _LONGEST_FIRST), "-(?=-)", r"[^\x20-\x7e]"]))


def latex(text: str) -> str:
    """``text`` with every character that LaTeX would act upon, or does not know, made harmless."""
    one_line = unicodedata.normalize("NFC", " ".join(text.split()))
    escaped = _PIECE.sub(lambda found: _piece(found[0]), one_line)
    return re.sub(r"(?<![\w-])-(?=[\d.])", "$-$", escaped)


def _piece(sign: str) -> str:
    if sign == "-":  # before another: the two would become a dash
        return "-{}"
    return _SIGNS[sign] if sign in _SIGNS else _letter(sign)


def _letter(sign: str) -> str:
    """A letter with an accent, a Greek one, one that has a plain equivalent, or its code point."""
    base, *accents = unicodedata.normalize("NFD", sign)
    if base.isascii() and len(accents) == 1 and accents[0] in _ACCENTS:
        return rf"{_ACCENTS[accents[0]]}{{{base}}}"
    if sign in _GREEK:
        return f"${_GREEK[sign]}$"
    plain = unicodedata.normalize("NFKD", sign)
    if plain.isascii() and plain.isprintable():
        return latex(plain)
    return f"{{[}}U+{ord(sign):04X}{{]}}"
