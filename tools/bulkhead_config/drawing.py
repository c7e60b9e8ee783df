# SPDX-License-Identifier: BSD-2-Clause
"""Shapes and texts with known places, as SVG. The same calls give the same bytes.

Widths of texts are those of DejaVu Sans, the widest of the usual fonts: with any other there is more room."""
import colorsys
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from .source import printable

def _by_letter(widths):
    return {letter: width for width, letters in widths.items() for letter in letters}


WIDTH = _by_letter({
    0.30: "\"'IJijl", 0.35: " ,./:;\\|\u00b7", 0.40: "()-[]ft", 0.45: "!r", 0.50: "\"*_`\u2013", 0.55: "?csz", 0.60: "FLkvxy",
    0.65: "$0123456789EPSTYabdeghnopqu{}", 0.70: "ABCKRVXZ", 0.75: "NU", 0.80: "&DGHOQ", 0.85: "#+<=>^w~\u00d7", 0.90: "M"})
BOLD = _by_letter({
    0.35: " \"'ijl", 0.40: ",./:;IJ\\|\u00b7", 0.45: "-f", 0.50: "!()[]_`rt\u2013", 0.55: "\"*", 0.60: "?csz", 0.65: "Lx",
    0.70: "$0123456789EFTaekovy", 0.75: "CPSYZbdghnpqu{}", 0.80: "ABKRVX", 0.85: "#+<=>DGHNU^~\u00d7", 0.90: "&OQ", 0.95: "w",
    1.05: "%m"})
WIDEST, MONO = 1.15, 0.61	# any other letter; each letter of DejaVu Sans Mono
HALF, HEIGHT = 0.35, 1.0	# of a line, in units of the font size
ELLIPSIS = "\u2026"

INK, FAINT, LINE, PAPER, PANEL = "#1c2128", "#59636e", "#c9d1d9", "#ffffff", "#f6f8fa"

STYLE = f"""\
text {{ font-family: "DejaVu Sans", Verdana, "Helvetica Neue", Arial, sans-serif; fill: {INK}; }}
.mono {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; }}
.faint {{ fill: {FAINT}; }}
.bold {{ font-weight: bold; }}
.peer {{ fill: {PAPER}; }}
"""


def text_width(text, size, classes=""):
    if "mono" in classes:
        return len(text) * MONO * size
    widths = BOLD if "bold" in classes else WIDTH
    return sum(widths.get(letter, WIDEST) for letter in text) * size


def fitted(text, size, width, classes=""):
    """The text, or as much of its beginning as there is room for."""
    text = printable(text)
    if text_width(text, size, classes) <= width:
        return text
    while text and text_width(text + ELLIPSIS, size, classes) > width:
        text = text[:-1]
    return text.rstrip() + ELLIPSIS


def wrapped(text, size, width, classes="", lines=2):
    """At most that many lines, broken behind '-', '_' and '.' where that is possible."""
    result = []
    while len(result) < lines - 1 and text_width(text, size, classes) > width:
        ends = [n for n in range(1, len(text)) if text[n - 1] in "-_. " and text_width(text[:n], size, classes) <= width]
        if not ends:
            break
        result.append(text[:ends[-1]].rstrip())
        text = text[ends[-1]:].lstrip()
    return result + [fitted(text, size, width, classes)]


def in_lines(text, sizes, width, classes="", lines=2):
    """(size, lines): the largest of the sizes that cuts nothing off, or else the smallest."""
    for size in sizes:
        result = wrapped(text, size, width, classes, lines)
        if not result[-1].endswith(ELLIPSIS):
            break
    return size, result


@dataclass(frozen=True)
class Box:
    """Where a text is."""
    x: float
    y: float
    width: float
    height: float
    text: str

    def overlaps(self, other):
        return (self.x < other.x + other.width and other.x < self.x + self.width
                and self.y < other.y + other.height and other.y < self.y + self.height)


@dataclass(frozen=True)
class Color:
    fill: str
    edge: str


def _hex(hue, lightness, saturation):
    return "#" + "".join(f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue, lightness, saturation))


# Neighbours in this list differ most; the second round is darker.
HUES = (210, 28, 140, 330, 55, 265, 180, 0, 95, 300, 235, 160)


def color(number):
    hue, dark = HUES[number % len(HUES)] / 360, number // len(HUES) % 3
    return Color(_hex(hue, 0.84 - 0.12 * dark, 0.70), _hex(hue, 0.36 - 0.06 * dark, 0.65))


def number(value):
    return f"{value:.1f}".rstrip("0").rstrip(".")


class Drawing:
    def __init__(self):
        self.parts, self.boxes, self.defs = [], [], []
        self.width = self.height = 0

    def _grow(self, x, y):
        self.width, self.height = max(self.width, x), max(self.height, y)

    def add(self, tag, content=None, **attributes):
        text = "".join(f" {key.replace('_', '-')}={quoteattr(number(value) if isinstance(value, (int, float)) else value)}"
                       for key, value in attributes.items())
        inside = "" if content is None else content
        self.parts.append(f"<{tag}{text}>{inside}</{tag}>" if inside else f"<{tag}{text}/>")

    def rect(self, x, y, width, height, fill=PAPER, stroke="none", title=None, **more):
        """title: what a viewer shows when the mouse is over it."""
        self._grow(x + width, y + height)
        self.add("rect", f"<title>{escape(printable(title))}</title>" if title else None, x=x, y=y, width=width, height=height,
                 fill=fill, stroke=stroke, **more)

    def line(self, x1, y1, x2, y2, stroke=LINE, **more):
        self._grow(max(x1, x2), max(y1, y2))
        self.add("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, **more)

    def circle(self, x, y, radius, fill, stroke, **more):
        self.add("circle", cx=x, cy=y, r=radius, fill=fill, stroke=stroke, **more)

    def path(self, points, **more):
        self.add("path", d="M" + " L".join(f"{number(x)},{number(y)}" for x, y in points), **more)

    def text(self, x, y, text, size=12, classes="", anchor="start", width=None):
        """y: the middle of the line. width: no more than this, the rest is cut. Returns the width that it takes."""
        text = printable(text) if width is None else fitted(text, size, width, classes)
        taken = text_width(text, size, classes)
        left = x - {"start": 0, "middle": taken / 2, "end": taken}[anchor]
        box = Box(left, y - HEIGHT * size / 2, taken, HEIGHT * size, text)
        self.boxes.append(box)
        self._grow(left + taken, box.y + box.height)
        more = {"class": classes} if classes else {}
        if anchor != "start":
            more["text_anchor"] = anchor
        self.add("text", escape(text), x=x, y=y + HALF * size, font_size=size, **more)
        return taken

    def stripes(self, colors):
        """A fill of one or more colours side by side."""
        colors = list(dict.fromkeys(colors))
        if len(colors) == 1:
            return colors[0]
        name = "stripes" + "".join(color.lstrip("#") for color in colors)
        step = 8
        bars = "".join(f'<rect x="{index * step}" width="{step}" height="{step}" fill="{color}"/>'
                       for index, color in enumerate(colors))
        pattern = (f'<pattern id="{name}" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" '
                   f'width="{step * len(colors)}" height="{step}">{bars}</pattern>')
        if pattern not in self.defs:
            self.defs.append(pattern)
        return f"url(#{name})"

    def svg(self, title, margin=24):
        width, height = number(self.width + margin), number(self.height + margin)
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
                f'role="img">\n<title>{escape(printable(title))}</title>\n<style>\n{STYLE}</style>\n')
        defs = f"<defs>{''.join(self.defs)}</defs>\n" if self.defs else ""
        paper = f'<rect width="{width}" height="{height}" fill="{PAPER}"/>\n'
        return head + defs + paper + "\n".join(self.parts) + "\n</svg>\n"


def html(title, svg):
    """One file without anything outside of it."""
    return (f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(printable(title))}</title>\n'
            "<style>body { margin: 0; background: #fff; } svg { display: block; margin: auto; }</style>\n</head>\n"
            f"<body>\n{svg}</body>\n</html>\n")
