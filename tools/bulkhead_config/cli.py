# SPDX-License-Identifier: BSD-2-Clause
"""Command line of the configuration compiler. Exit codes: 0 done, 1 problems found, 2 wrong usage."""
import argparse
import os
import sys
from pathlib import Path

from . import (abi, binary, built, bundle, check_set, devicetree, diagram, emit, explain, guest_of_system, importer, json_schema,
               limits, lock, machine_command, model, outputs, registry, report, show, show_bundle, writing)
from .source import ConfigError


def load(file, boards, build=None, image=None):
    """image: the hypervisor that the system is for, bundle.HypervisorImage; without it, build says what limits are."""
    system = model.load_system(file, boards, built.limits(image) if image else build)
    system.hypervisor_image = image
    registry.run(system)
    return system


def load_direct(file, boards, image, *files, build=None):
    """A system for direct boot with everything that goes into its bundle. image: bundle.HypervisorImage; files:
    directories."""
    system = model.load_system(file, boards, build or built.limits(image))
    if not system.direct:
        sys.exit(f"{file}: is not for direct boot; add 'boot: direct', or use 'compile'")
    system.hypervisor_image, system.files = image, [Path(directory) for directory in files if directory]
    registry.run(system, registry.BUNDLE)
    return system


def _write(directory, files):
    writing.write([(directory / name, content) for name, content in files.items()])


def _write_and_list(files):
    """files: [(path, content)]"""
    writing.write(files)
    for path, content in files:
        print(f"{path}: {len(content)} bytes")


def _image(arguments):
    """The hypervisor that is named, or None."""
    return arguments.hypervisor and _read(arguments.hypervisor, lambda content: bundle.parse_image(arguments.hypervisor, content))


def _build(arguments):
    return limits.load(arguments.build_config) if arguments.build_config else limits.of_tree()


def _warnings(arguments, system):
    """(those that are wanted, whether -Werror makes them problems)"""
    found = registry.warnings(system, [switch for switch in arguments.warnings if switch not in ("error", "no-error")])
    switched = [switch for switch in arguments.warnings if switch in ("error", "no-error")]
    return found, bool(found) and switched[-1:] == ["error"]


def _warn(arguments, system):
    found, are_errors = _warnings(arguments, system)
    for warning in found:
        print(warning, file=sys.stderr)
    if are_errors:
        sys.exit(f"{arguments.system}: warnings are errors, -Werror says; correct them, or switch them off with -Wno-NAME")


def _compile(arguments):
    system = load(arguments.system, arguments.boards, _build(arguments), _image(arguments))
    if system.direct and not arguments.headers:
        sys.exit(f"{arguments.system}: is for direct boot; use 'bundle', or '--headers' for the headers that its images "
                 "are built with")
    _warn(arguments, system)
    files = [(lock.name_of(arguments.system), lock.text(system).encode())] if arguments.lock else []
    made = outputs.for_programs(system) if arguments.headers else outputs.of_late_launch(system)
    _write_and_list(files + [(arguments.output / name, content) for name, content in made.items()])


def _checked(arguments, image=None):
    """The system, or its problems as JSON if that is wanted."""
    try:
        return load(arguments.system, arguments.boards, _build(arguments), image)
    except ConfigError as error:
        if not arguments.json:
            raise
        print(report.text({"problems": [report.problem(item) for item in error.problems]}))
        sys.stdout.flush()
        sys.exit(1)


def _check_set(arguments):
    """As Jailhouse has it: binary configurations."""
    image = _image(arguments)
    try:
        members = check_set.load(_contents(arguments.files))
    except check_set.SetError as error:
        sys.exit(str(error))
    if arguments.json:
        found = check_set.as_json(members, image)
        lines, failed = [report.text(found)], bool(found["problems"])
    else:
        lines, failed = check_set.check(members, image)
    print("\n".join(lines))
    sys.stdout.flush()
    sys.exit(1 if failed else 0)


def _is_binary(name):
    """By its first bytes. By its name, too: for what is meant to be one and is not, and for what cannot be read twice."""
    if name.endswith(".cell") or not os.path.isfile(name):
        return name.endswith(".cell")
    try:
        with open(name, "rb") as stream:
            return stream.read(abi.CFG_SIGNATURE_LEN) in (abi.CFG_SIGNATURE_SYSTEM, abi.CFG_SIGNATURE_CELL)
    except OSError:		# said by who reads it next
        return False


def _check(arguments):
    if _is_binary(arguments.files[0]):
        _check_set(arguments)
    if len(arguments.files) > 1:
        arguments.parser.error(f"{arguments.files[0]} is no binary configuration; give one system file, or binary "
                               "configurations")
    arguments.system = arguments.files[0]
    system = _checked(arguments, _image(arguments))
    if arguments.json:
        found, are_errors = _warnings(arguments, system)
        print(report.text({"problems": [report.problem(item) for item in found]}))
        sys.stdout.flush()
        sys.exit(1 if are_errors else 0)
    _warn(arguments, system)
    print(f"{arguments.system}: no problem in {len(system.cells)} cells and {len(system.links)} links")


def _explain(arguments):
    system = _checked(arguments)
    if arguments.json:
        print(report.text({"problems": [], "system": system.name, "board": system.board.name, **explain.facts(system)}))
    else:
        print("\n".join(explain.lines(system)))


def _diagram(arguments):
    system = load(arguments.system, arguments.boards, _build(arguments))
    diagram.command(arguments, system, _write)


def _create(arguments):
    machine_command.run(arguments, lambda file: load(file, [], _build(arguments)))


def _device_tree(arguments, system):
    if not (system.root and system.root.linux):
        sys.exit(f"{arguments.system}: has no device tree; --tree is for a root cell with 'linux'")
    return devicetree.source(guest_of_system.guest(system, system.root)).encode()


def _read(path, parse):
    try:
        return parse(Path(path).read_bytes())
    except OSError as error:
        sys.exit(f"{path}: cannot be read: {error.strerror}")
    except binary.BinaryError as error:
        sys.exit(f"{path}: {error}")


def _bundle(arguments):
    image = _read(arguments.image, lambda content: bundle.parse_hypervisor(arguments.image, content))
    if arguments.efi:
        image.efi_program = _read(arguments.efi, lambda content: bundle.parse_efi_program(content, image))
    system = load_direct(arguments.system, arguments.boards, image, *arguments.files)
    _warn(arguments, system)
    made = bundle.make(system)
    files = [(arguments.output, made)]
    if arguments.tree:
        files.append((arguments.tree, _device_tree(arguments, system)))
    if arguments.cells:
        files += [(arguments.cells / f"{cell.name}.cell", emit.cell_config(system, cell))
                  for cell in system.cells if not cell.root]
        files += [(arguments.cells / name, content) for name, content in guest_of_system.trees(system).items()]
    if arguments.elf:
        files.append((arguments.elf, bundle.make_elf(system, made)))
    _write_and_list(files)


def _shown(arguments, config):
    return [report.text(show.as_json(config, arguments.file))] if arguments.json else list(show.show(config))


def _show(arguments):
    damaged = []
    try:
        with open(arguments.file, "rb") as stream:
            content = stream.read(model.MIB)
            if show_bundle.is_bundle(content):
                bundled = show_bundle.Shown(content + stream.read())
                lines, damaged = bundled.lines(), bundled.damaged()
                lines = [report.text(bundled.as_json(arguments.file))] if arguments.json else lines
            else:
                lines = _shown(arguments, binary.parse(content))
    except OSError as error:
        sys.exit(f"{arguments.file}: cannot be read: {error.strerror}")
    except binary.BinaryError as error:
        sys.exit(f"{arguments.file}: {error}")
    print("\n".join(lines))
    if damaged:
        sys.stdout.flush()
        sys.exit(f"{arguments.file}: {', '.join(damaged)}: damaged; build it again")


def _contents(names):
    """[(name, content)] of binary configurations."""
    files = []
    for file in names:
        try:
            with open(file, "rb") as stream:
                files.append((file, stream.read(model.MIB)))
        except OSError as error:
            sys.exit(f"{file}: cannot be read: {error.strerror}; correct its name or permissions")
    return files


def _import(arguments):
    if arguments.output and any(os.path.realpath(file) == os.path.realpath(arguments.output) for file in arguments.files):
        sys.exit(f"{arguments.output}: is one of the files to read; choose another name for the system file")
    try:
        content = importer.import_files(_contents(arguments.files))
    except importer.ImportFailure as error:
        sys.exit(str(error))
    if arguments.output:
        _write(arguments.output.parent, {arguments.output.name: content.encode()})
    else:
        print(content, end="")


def _rules(_arguments):
    registry.load_rules()
    for name, text in registry.FORMAT_RULES.items():
        print(f"{name:26} {text}")
    for rule in registry.RULES + registry.WARNINGS:
        print(f"{rule.name:26} {rule.manual}")


def _schema(arguments):
    print(json_schema.text(arguments.kind), end="")


def _parser(program, words):
    parser = argparse.ArgumentParser(prog=program, description="Makes binary configurations, revision 14, "
                                     "or a bundle for direct boot, out of a system file and its board file in YAML.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name, text, run):
        command = commands.add_parser(name, help=text, description=text, prog=f"{program} {words.get(name, name)}")
        command.set_defaults(run=run)
        return command

    compiler = add("compile", "write binary configurations, and files for programs in cells and for Linux", _compile)
    compiler.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    compiler.add_argument("--headers", action="store_true",
                          help="write only the headers and overlays for programs in cells")
    compiler.add_argument("--lock", action="store_true", help="write what was chosen to SYSTEM.lock beside the system file, "
                          "too, so that it is chosen again when cells and links are added")
    checker = add("check", "look for problems, write nothing", _check)
    checker.add_argument("files", nargs="+", metavar="SYSTEM.yaml|CONFIG", help="a system file; or binary configurations, "
                         "that of the system first")
    checker.set_defaults(parser=checker)
    bundler = add("bundle", "write a bundle for direct boot: hypervisor, configurations and images", _bundle)
    bundler.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    bundler.add_argument("--image", required=True, metavar="FILE", help="the hypervisor, jailhouse.bin")
    bundler.add_argument("--efi", metavar="FILE", help="make the bundle an EFI program, too, with efi_app.bin")
    bundler.add_argument("--elf", type=Path, metavar="OUT.elf", help="write the bundle as ELF file, too")
    bundler.add_argument("--files", type=Path, action="append", default=[], metavar="DIR",
                         help="look for the images of cells here, instead of beside the system file; may be repeated")
    bundler.add_argument("--cells", type=Path, metavar="DIR",
                         help="write the configurations of all cells but the root cell, for Linux to make them (again)")
    bundler.add_argument("--tree", type=Path, metavar="OUT.dts", help="write the device tree of the root Linux as text")
    explainer = add("explain", "say who has what, where that was said, and what was chosen", _explain)
    drawer = add("diagram", "draw who has which CPUs, links and memory", _diagram)
    diagram.add_arguments(drawer)
    creator = add("create", "write a board file and a first system file for a machine, from its device tree", _create)
    machine_command.add_arguments(creator)
    creator.add_argument("--build-config", metavar="FILE", help=argparse.SUPPRESS)
    for command in (compiler, bundler, explainer, drawer):
        command.add_argument("system", metavar="SYSTEM.yaml")
    for command in (compiler, checker, bundler, explainer, drawer):
        command.add_argument("-B", "--boards", action="append", default=[], metavar="DIR",
                             help="look for the board here, instead of in ../boards beside the system file")
    for command in (compiler, checker, explainer, drawer):
        sources = command.add_mutually_exclusive_group()
        sources.add_argument("--build-config", metavar="FILE", help="the .config that the hypervisor is built with, "
                             "instead of that of this tree")
        if command in (compiler, checker):
            sources.add_argument("--hypervisor", metavar="FILE", help="the hypervisor's image, jailhouse.bin: what it has, "
                                 "instead of what this tree builds")
    for command in (compiler, checker, bundler):
        command.add_argument("-W", dest="warnings", action="append", default=[], metavar="[no-]NAME",
                             help="switch a warning on or off; 'all': every one; 'error': warnings are errors")
    shower = add("show", "decode a binary configuration with its problems, or a bundle", _show)
    shower.add_argument("file", metavar="FILE")
    for command in (checker, explainer, shower):
        command.add_argument("--json", action="store_true", help="for programs")
    importer_command = add("import", "make a system file of a set of binary configurations", _import)
    importer_command.add_argument("files", nargs="+", metavar="FILE", help="the system configuration, then those of cells")
    importer_command.add_argument("-o", "--output", type=Path, metavar="SYSTEM.yaml", help="instead of standard output")
    add("schema", "write the structure of system or board files, or of what --json writes, as JSON schema", _schema).add_argument(
        "kind", choices=sorted(json_schema.KINDS))
    add("rules", "list what is checked", _rules)
    return parser


def main(program="bulkhead-config", words=()):
    """words: what commands are called in usage texts, where that is something else. Called by program.run()."""
    arguments = _parser(program, dict(words)).parse_args()
    try:
        arguments.run(arguments)
    except ConfigError as error:
        sys.exit(str(error))
    except writing.WriteError as error:
        sys.exit(f"{program}: {error}")
    except registry.UnknownWarning as error:
        sys.exit(f"{program}: -W: {error}")
    except devicetree.DeviceTreeError as error:
        sys.exit(f"{arguments.system}: device tree: {error}")
