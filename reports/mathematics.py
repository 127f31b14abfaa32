"""Formulas: a subset of LaTeX read once and written for Typst, for the web (MathML) and as a line of text (Word).

Known: letters, digits, operators, ``^ _ {}``, ``\\frac \\sqrt \\text \\mathrm \\hat \\bar \\tilde \\ddot \\left \\right``, sums and products, names of functions,
Greek letters and the signs of `SIGNS`. Anything else is refused, so that no formula is printed wrongly.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ", "kappa": "κ", "lambda": "λ",
    "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "varphi": "φ", "chi": "χ",
    "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Sigma": "Σ", "Pi": "Π", "Phi": "Φ", "Omega": "Ω",
}  # fmt: skip
SIGNS = {
    "cdot": "·", "times": "×", "le": "≤", "ge": "≥", "ne": "≠", "approx": "≈", "to": "→", "infty": "∞", "sim": "∼", "in": "∈", "pm": "±",
    "ldots": "…", "mid": "|", "partial": "∂", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "neg": "¬", "wedge": "∧", "top": "⊤",
}  # fmt: skip
BIG = {"sum": "∑", "prod": "∏"}
FUNCTIONS = ("max", "min", "log", "ln", "exp", "arcsin", "sin", "Var", "Pr", "E", "sgn", "tr")
ACCENTS = {
    "hat": ("\u0302", "hat", "^"), "bar": ("\u0305", "macron", "¯"), "tilde": ("\u0303", "tilde", "~"), "ddot": ("\u0308", "dot.double", "¨"),
    "dot": ("\u0307", "dot", "˙"),
}  # fmt: skip
"""Accent → its sign in text, in Typst and on the web."""
SPACES = {",": " ", ";": " ", "quad": " ", " ": " "}
RELATIONS = "=≤≥≠≈∼→<>"


@dataclass(frozen=True)
class Atom:
    """One sign: ``kind`` is ``letter``, ``number``, ``sign``, ``big``, ``function``, ``text`` or ``space``."""

    kind: str
    text: str


@dataclass(frozen=True)
class Apply:
    """A construction: ``frac`` (2 parts), ``sqrt`` (1), an accent (1), ``fence`` (open, inside, close), ``script`` (base, below, above; empty = none)."""

    kind: str
    parts: tuple[Row, ...]


Node = Atom | Apply
Row = tuple[Node, ...]


def parse(latex: str) -> Row:
    """Read a formula.

    Raises
    ------
    ValueError
        Something outside the subset.
    """
    tokens = re.findall(r"\\[A-Za-z]+|\\.|\s+|[^\s]", latex)
    row, rest = _row(tokens, None)
    if rest:
        raise ValueError(f"what is {rest[0]} in {latex}?")
    return row


def _row(tokens: list[str], end: str | None) -> tuple[Row, list[str]]:
    found: list[Node] = []
    while tokens and tokens[0] != end:
        if not tokens[0].strip():
            tokens = tokens[1:]
        elif tokens[0] in "^_":
            base = found.pop() if found else Atom("text", "")
            below, above = (
                (base.parts[1], base.parts[2]) if isinstance(base, Apply) and base.kind == "script" else ((), ())
            )
            inner: Row = base.parts[0] if isinstance(base, Apply) and base.kind == "script" else (base,)
            which = tokens[0]
            part, tokens = _one(tokens[1:])
            below, above = (below, part) if which == "^" else (part, above)
            found.append(Apply("script", (inner, below, above)))
        elif tokens[0] in ("}", "\\right"):
            break
        else:
            part, tokens = _one(tokens)
            found += part
    return tuple(found), tokens[1:] if end is not None and tokens and tokens[0] == end else tokens


def _one(tokens: list[str]) -> tuple[Row, list[str]]:
    """Read one group, command or sign."""
    while not tokens[0].strip():
        tokens = tokens[1:]
    token, rest = tokens[0], tokens[1:]
    if token == "{":
        return _row(rest, "}")
    name = token[1:]
    if not token.startswith("\\"):
        kind = "number" if token.isdigit() or token == "." else "letter" if token.isalpha() else "sign"
        return (Atom(kind, "−" if token == "-" else "∗" if token == "*" else token),), rest
    if name in ("text", "mathrm"):
        end = rest.index("}")
        return (Atom("text", _spaced(rest[1:end])),), rest[end + 1 :]
    if name == "frac":
        above, rest = _one(rest)
        below, rest = _one(rest)
        return (Apply("frac", (above, below)),), rest
    if name == "sqrt" or name in ACCENTS:
        inside, rest = _one(rest)
        return (Apply(name, (inside,)),), rest
    if name == "left":
        opening, inside_tokens = _one(rest)
        inside, rest = _row(inside_tokens, "\\right")
        closing, rest = _one(rest)
        return (Apply("fence", (opening, inside, closing)),), rest
    for known, kind in ((GREEK, "letter"), (SIGNS, "sign"), (BIG, "big"), (SPACES, "space")):
        if name in known:
            return (Atom(kind, known[name]),), rest
    if name in FUNCTIONS:
        return (Atom("function", name),), rest
    if name in "{}%_&":
        return (Atom("sign", name),), rest
    raise ValueError(f"the command {token} is not known")


def _spaced(tokens: Sequence[str]) -> str:
    return "".join(tokens).replace("\\", "").replace("~", " ")


def typst(row: Row) -> str:
    """Return a formula in Typst's math mode."""
    return " ".join(_typst(node) for node in row)


def _typst(node: Node) -> str:
    if isinstance(node, Atom):
        quoted = '"' + node.text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        if node.kind == "text":
            return f'#text(font: "Noto Serif SC", size: 0.9em, {quoted})' if node.text else '""'
        if node.kind == "function":
            return f"op({quoted}, limits: #{'true' if node.text in ('max', 'min') else 'false'})"
        if node.kind == "space":
            return "thin"
        return (
            node.text if node.kind in ("letter", "number") or node.text in "=+−·×≤≥≠≈∼→∞∈±∑∏…<>∂⊤" else f"\\{node.text}"
        )
    parts = [typst(part) for part in node.parts]
    if node.kind in IN_ORDER:
        return IN_ORDER[node.kind][0].format(*parts)
    if node.kind == "script":
        return f"attach({parts[0]}{', b: ' + parts[1] if parts[1] else ''}{', t: ' + parts[2] if parts[2] else ''})"
    return f"accent({parts[0]}, {ACCENTS[node.kind][1]})"


IN_ORDER = {
    "frac": ("frac({}, {})", "<mfrac>{}{}</mfrac>"),
    "sqrt": ("sqrt({})", "<msqrt>{}</msqrt>"),
    "fence": ("lr({} {} {})", "<mrow>{}{}{}</mrow>"),
}
"""Nodes whose parts follow each other, in Typst and in MathML."""


def mathml(row: Row, display: bool = False) -> str:
    """Return a formula as MathML, which browsers draw themselves."""
    kind = ' display="block"' if display else ""
    return f"<math{kind}>{_mathml(row)}</math>"


def _mathml(row: Row) -> str:
    return "<mrow>" + "".join(_mathml_node(node) for node in row) + "</mrow>"


def _mathml_node(node: Node) -> str:
    if isinstance(node, Atom):
        text = html.escape(node.text)
        if node.kind == "space":
            return '<mspace width="0.3em"/>'
        tag = {"letter": "mi", "number": "mn", "function": "mi", "text": "mtext"}.get(node.kind, "mo")
        return f"<{tag}>{text}</{tag}>"
    parts = [_mathml(part) for part in node.parts]
    if node.kind in IN_ORDER:
        return IN_ORDER[node.kind][1].format(*parts)
    if node.kind == "script":
        base, below, above = node.parts
        over = base and isinstance(base[0], Atom) and (base[0].kind == "big" or base[0].text in ("max", "min"))
        tags = ("munder", "mover", "munderover") if over else ("msub", "msup", "msubsup")
        tag = tags[2] if below and above else tags[0] if below else tags[1]
        return f"<{tag}>{parts[0]}{parts[1] if below else ''}{parts[2] if above else ''}</{tag}>"
    return f'<mover accent="true">{parts[0]}<mo>{ACCENTS[node.kind][2]}</mo></mover>'


def runs(row: Row, place: str = "") -> list[tuple[str, str, bool]]:
    """Return a formula as pieces of a line of text: ``(text, "" | "sub" | "super", italic)``; a fraction is written a/b."""
    found: list[tuple[str, str, bool]] = []
    for node in row:
        if isinstance(node, Atom):
            wide = node.text in RELATIONS + "+−×" and not place
            found.append((f" {node.text} " if wide else node.text, place, node.kind == "letter"))
        elif node.kind == "script":
            found += [*runs(node.parts[0], place), *runs(node.parts[1], "sub"), *runs(node.parts[2], "super")]
        elif node.kind == "frac":
            above, below = (runs(part, place) for part in node.parts)
            found += [*_bracketed(above, place), ("/", place, False), *_bracketed(below, place)]
        elif node.kind == "sqrt":
            found += [("√", place, False), *_bracketed(runs(node.parts[0], place), place)]
        elif node.kind == "fence":
            found += [piece for part in node.parts for piece in runs(part, place)]
        else:
            found += [*runs(node.parts[0], place), (ACCENTS[node.kind][0], place, False)]
    return found


def _bracketed(pieces: list[tuple[str, str, bool]], place: str) -> list[tuple[str, str, bool]]:
    return pieces if len(pieces) < 2 else [("(", place, False), *pieces, (")", place, False)]
