#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Does the fuzz target config_check notice when a rule of the configuration checks is gone?

    tests/fuzz/config_mutants.py [--runs N] [--seed N] [--only WORD] [--save DIR]

Takes out one rule after the other: each function of the lists of rules, and each refusal inside of them. What is built so is
fuzzed from the committed corpus, which counts, until it differs from tests/fuzz/config_oracle.c. Prints after how many inputs;
exit status 1 if a mutant gets through. --save: keep the inputs that show mutants, for the corpus."""
import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "hypervisor/core"
CORPUS = ROOT / "tests/fuzz/corpus/config_check"
FILES = ("config.c", "config_check.c", "config_cell_rules.c", "config_conflicts.c", "config_link_rules.c")
LISTED = re.compile(r"^\t\t\{ PER_\w+, (check_\w+) \},\n", re.M)
REFUSAL = re.compile(r"\breturn (refuse(?:_invalid|_writable)?)\(")
# (file, what stands there, what the mutant has instead): conditions that are right in most cases
CONDITIONS = [
    ("config_check.c", "platform->hv_size);\n\twindows", "0);\n\twindows"),
    ("config_check.c", "CFG_GICD_SIZE(system->arch.arm.gic_version));\n\twindows", "0);\n\twindows"),
    ("config_check.c", "redistributors_size(root, platform)", "0"),
    ("config_check.c", "root = check->cells ? check->cells[0] : check->view;", "root = check->view;"),
    ("config_check.c", "config_ecam_size(system));\n\twindows", "0);\n\twindows"),
    ("config_check.c", "console->type != CFG_CONSOLE_NONE ? MAX(console->size, 0x1000u) : 0", "0"),
    ("config_link_rules.c", "return mem->flags & (CFG_MEM_WRITE | CFG_MEM_LOADABLE);", "return mem->flags & CFG_MEM_WRITE;"),
    ("config_link_rules.c", "return mem->flags & (CFG_MEM_WRITE | CFG_MEM_LOADABLE);", "return mem->flags & CFG_MEM_LOADABLE;"),
    ("config_link_rules.c", "return config_is_subpage(mem) && (mem->flags & CFG_MEM_WRITE);", "return false;"),
    ("config_link_rules.c", "return !(mem->flags & (CFG_MEM_WRITE | CFG_MEM_LOADABLE));", "return !(mem->flags & CFG_MEM_WRITE);"),
    ("config_link_rules.c", "return !(mem->flags & (CFG_MEM_WRITE | CFG_MEM_LOADABLE));", "return !(mem->flags & CFG_MEM_LOADABLE);"),
    ("config_link_rules.c", "return config_section_of(view, mine, mem) == config_section_of(other, dev, other_mem);",
     "return true;"),
    ("config_link_rules.c", "if (!mine)\n\t\treturn false;", "if (!mine)\n\t\treturn true;"),
    ("config_link_rules.c", "conflict = dev && !may_have_section(", "conflict = false && !may_have_section("),
    ("config_link_rules.c", "CFG_MEM_COMM_REGION | CFG_MEM_IO | CFG_MEM_LOADABLE))", "CFG_MEM_COMM_REGION | CFG_MEM_IO))"),
    ("config_link_rules.c", "CFG_MEM_COMM_REGION | CFG_MEM_IO | CFG_MEM_LOADABLE))", "CFG_MEM_COMM_REGION | CFG_MEM_LOADABLE))"),
    ("config_link_rules.c", "CFG_MEM_COMM_REGION | CFG_MEM_IO | CFG_MEM_LOADABLE))", "CFG_MEM_IO | CFG_MEM_LOADABLE))"),
    ("config_link_rules.c", "user ? i == check->index && user == check->dev :", "user ? i == check->index :"),
    ("config_link_rules.c", "const uint32_t others = check->cells ? check->num_cells : 0;", "const uint32_t others = 0;"),
    ("config_conflicts.c", "o->mem->flags & o->other_mem->flags & CFG_MEM_ROOTSHARED",
     "(o->mem->flags | o->other_mem->flags) & CFG_MEM_ROOTSHARED"),
    ("config_conflicts.c", "config_device_of(o->view, o->mem) &&", "config_device_of(o->view, o->mem) ||"),
    ("config_conflicts.c", "o->other < FIRST_NON_ROOT ||", "o->other < 2 ||"),
    ("config_conflicts.c", "i < ARRAY_SIZE(system->iommu_units) && system->iommu_units[i].type", "i < 1"),
    ("config_check.c", "while (count > 1 && !config_has_cpu(root, count - 1))", "while (count > 1)"),
    ("config_check.c", "MAX(console->size, 1)", "console->size"),
    ("config_check.c", "base ? size : 0", "size"),
    ("config_cell_rules.c", "if (err || !has_physical_range(mem))", "if (1)"),
    ("config_cell_rules.c", "(uint32_t)dev->caps_start + dev->num_caps", "(uint16_t)(dev->caps_start + dev->num_caps)"),
    ("config.c", "return CFG_SECTION_OUTPUT + dev->shmem_dev_id + 1u;", "return CFG_SECTION_OUTPUT + dev->shmem_peers;"),
    ("config.c", "spis->words[0] = 0;", ""),
    ("config_rules.h", "if (config_is_subpage(mem) && !(mem->flags & widths))\n\t\treturn false;", ""),
    ("config_rules.h", "return mem->flags & (CFG_MEM_READ | CFG_MEM_WRITE);", "return mem->flags & CFG_MEM_WRITE;"),
    ("config_rules.h", "return mem->flags & (CFG_MEM_READ | CFG_MEM_WRITE);", "return mem->flags & CFG_MEM_READ;"),
]
# What no input can show, and why
EQUIVALENT = {
    "config_check.c check_gic_version #1": "so does the refusal behind it, for all versions",
    "config_check.c check_gic_version (call)": "check_gic_bases() refuses what is no whole frames, as of GICv2",
    "config_check.c check_gic_version #2": "so it does here",
    "config_link_rules.c condition 15: CFG_MEM_COMM_REGION | CFG_MEM_IO | CFG_M": "check_sections_are_memory() looks at its own cell, too",
}


def name_of_function(text, offset):
    return re.findall(r"^(?:static )?(?:int|bool|uint\w+) (\w+)\(", text[:offset], re.M)[-1]


def mutants():
    """(name, file, text of it)"""
    for file in FILES:
        text = (CORE / file).read_text(encoding="utf-8")
        for match in LISTED.finditer(text):
            yield f"{file} {match[1]} (call)", file, text[:match.start()] + text[match.end():]
        counts = {}
        for match in REFUSAL.finditer(text):
            function = name_of_function(text, match.start())
            if function.startswith("refuse"):
                continue
            counts[function] = counts.get(function, 0) + 1
            changed = text[:match.start()] + "if (0) return " + match[1] + "(" + text[match.end():]
            yield f"{file} {function} #{counts[function]}", file, changed
    for number, (file, old, new) in enumerate(CONDITIONS):
        text = (CORE / file).read_text(encoding="utf-8")
        if text.count(old) != 1:
            sys.exit(f"{file} has {text.count(old)} times: {old}")
        yield f"{file} condition {number}: {' '.join(old.split())[:40]}", file, text.replace(old, new)


class Target:
    """Builds as make does. What a mutant does not change is compiled once."""

    def __init__(self, folder):
        lines = subprocess.run(["make", "-B", "-n", "V=1", "build/fuzz/config_check"], cwd=ROOT, capture_output=True, text=True,
                               check=True).stdout.splitlines()
        words = next(line for line in lines if "-fsanitize=fuzzer" in line).split()
        self.folder, self.sources = folder, [word for word in words if word.endswith(".c")]
        # a mutant leaves functions and variables without use
        self.compiler = [word for word in words if not word.endswith(".c") and word not in ("-o", "-Werror", "-lcmocka")
                         and word != "build/fuzz/config_check"] + ["-w", f"-I{folder}/changed", "-Ihypervisor/core"]
        self.objects = {source: self._compile(source) for source in self.sources}

    def _compile(self, source, text=None):
        name = "changed/" + Path(source).name if text is not None else source.replace("/", "-")
        if text is not None:
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).write_text(text, encoding="utf-8")
            source = self.folder / name
        result = self.folder / f"{name}.o"
        self._run([*self.compiler, "-c", str(source), "-o", str(result)])
        return result

    def _run(self, words):
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"does not build:\n{done.stderr}")

    def build(self, file, text):
        objects = dict(self.objects)
        if file.endswith(".h"):
            (self.folder / "changed" / file).write_text(text, encoding="utf-8")
            for other in FILES:
                objects[f"hypervisor/core/{other}"] = self._compile(
                    other, (CORE / other).read_text(encoding="utf-8"))
            (self.folder / "changed" / file).unlink()
        else:
            objects[f"hypervisor/core/{file}"] = self._compile(file, text)
        target = self.folder / "target"
        self._run([*self.compiler, *map(str, objects.values()), "-lcmocka", "-o", str(target)])
        return target


def fuzz(target, runs, seed, save):
    """(inputs until it was found or None, what was said)"""
    done = subprocess.run([target, f"-runs={runs}", f"-seed={seed}", "-max_len=512", f"-artifact_prefix={target.parent}/",
                           tempfile.mkdtemp(dir=target.parent), CORPUS], capture_output=True, text=True, check=False,
                          errors="replace")
    if done.returncode == 0:
        return None, ""
    for file in target.parent.glob("crash-*"):
        if save:
            shutil.copy(file, Path(save) / file.name.removeprefix("crash-"))
        file.unlink()
    said = re.findall(r'^image \d: (.*)$', done.stderr, re.M) or re.findall(r"ERROR: (.*)$", done.stderr, re.M)
    inputs = re.findall(r"^#(\d+)\t", done.stderr, re.M)
    return int(inputs[-1]) if inputs else 0, said[0] if said else "?"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--save")
    arguments = parser.parse_args()
    missed, count, skipped = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        target = Target(Path(folder))
        for name, file, text in mutants():
            if arguments.only not in name or name in EQUIVALENT:
                skipped += arguments.only in name
                continue
            count += 1
            inputs, said = fuzz(target.build(file, text), arguments.runs, arguments.seed, arguments.save)
            if inputs is None:
                missed.append(name)
            print(f"{name:58} {'MISSED' if inputs is None else f'after {inputs}':16} {said}", flush=True)
    print(f"{count - len(missed)} of {count} mutants found, {skipped} are equivalent" + (f"; missed: {', '.join(missed)}" if missed else ""))
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
