# SPDX-License-Identifier: BSD-2-Clause
"""Sizes of hypervisor images: sections, file, and the lines of all sources that are compiled into it."""
import re
from pathlib import Path

from elftools.elf.elffile import ELFFile

ROOT = Path(__file__).resolve().parents[2]
MINIMAL = ("linux", "direct")		# `make minimal`

WORDS = re.compile(r"""
    (?P<comment>/\*.*?\*/|//[^\n]*)
  | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
  | (?P<other>.)
""", re.S | re.X)


def code_lines(text):
    """Lines that have more than comments and blanks on them"""
    without = "".join(re.sub(r"[^\n]", "", match.group()) or " " if match.lastgroup == "comment" else match.group()
                      for match in WORDS.finditer(text))
    return sum(bool(line.strip()) for line in without.splitlines())


def sources(build):
    """All files that the objects of the image depend on, without those that are built. Others may be there from before."""
    found = set()
    for name in (Path(build) / "arm64/objects.txt").read_text(encoding="utf-8").split():
        path = (ROOT / name).with_suffix(".d")
        rule = path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()[0]
        names = rule.partition(":")[2]
        found |= {(ROOT / name).resolve() for name in names.split()}
    return sorted(path for path in found if path.is_relative_to(ROOT) and Path(build).resolve() not in path.parents)


def image_and_lines(build, suffix=""):
    return {f"size_image{suffix}": (build / "arm64/jailhouse.bin").stat().st_size,
            f"source_lines{suffix}": sum(code_lines(path.read_text(encoding="utf-8")) for path in sources(build))}


def measure(build):
    """{figure: value}, of the default image, and what the minimal ones have beside it"""
    build = Path(build)
    sizes = dict.fromkeys(("text", "rodata", "data", "bss"), 0)
    with open(build / "arm64/hypervisor.elf", "rb") as file:
        for section in ELFFile(file).iter_sections():
            flags = section["sh_flags"]
            if not flags & 2:		# SHF_ALLOC
                continue
            kind = "bss" if section["sh_type"] == "SHT_NOBITS" else \
                "text" if flags & 4 else "data" if flags & 1 else "rodata"
            sizes[kind] += section["sh_size"]
    figures = {f"size_{kind}": size for kind, size in sizes.items()}
    figures.update(image_and_lines(build))
    for name in MINIMAL:
        figures.update(image_and_lines(build / f"minimal-{name}", f"_{name}"))
    return figures
