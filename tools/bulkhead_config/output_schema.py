# SPDX-License-Identifier: BSD-2-Clause
"""What `check`, `explain`, `show`, `jailhouse cell stats`, `jailhouse trace` and `jailhouse crash`
write with --json, as JSON schemas of draft 7."""
import ctypes

from . import abi

NUMBER = {"type": "integer", "minimum": 0}
TEXT = {"type": "string"}
SPAN = {"start": NUMBER, "end": NUMBER}		# half-open
SEVERITY = {"enum": ["error", "warning"]}


def _object(required, optional=None, **more):
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})},
            "additionalProperties": False, **more}


def _list(items):
    return {"type": "array", "items": items}


def _struct(kind, *without, **more):
    """All fields of a structure of the binary format; more: further ones that need not be there."""
    return _object({name: _field(field) for name, field, *_ in kind._fields_ if name not in without}, more)


def _field(kind):
    if issubclass(kind, ctypes.Union):
        return {"anyOf": [_struct(part) for name, part, *_ in kind._fields_ if issubclass(part, ctypes.Structure)]}
    if issubclass(kind, ctypes.Structure):
        return _struct(kind)
    if issubclass(kind, ctypes.Array):
        return TEXT if kind._type_ is ctypes.c_char else {**_list(NUMBER if not issubclass(kind._type_, ctypes.Structure)
                                                                  else _struct(kind._type_)), "minItems": kind._length_}
    return NUMBER


OWNER = _object({"kind": TEXT}, {"name": TEXT, "cell": TEXT, "file": TEXT, "number": NUMBER, **SPAN})
PLACE = {"file": TEXT, "line": {"type": "integer", "minimum": 1}, "column": {"type": "integer", "minimum": 1}}
COMMON = {"severity": SEVERITY, "rule": TEXT, "message": TEXT}
OWNED = {**COMMON, "owners": {**_list(OWNER), "minItems": 1}}
PROBLEM = _object({**PLACE, **OWNED})
SET_PROBLEM = _object({"file": TEXT, **OWNED, "record": TEXT})
RECORD_PROBLEM = _object({**COMMON, "record": TEXT})

CHECK = _object({"problems": _list({"anyOf": [PROBLEM, SET_PROBLEM]})})


def _fact(*numbers, **more):
    return _list(_object({"owner": {"type": ["string", "null"]}, "what": TEXT, "said": {"enum": ["file", "board", "chosen"]},
                          **PLACE, **dict.fromkeys(numbers, NUMBER)}, {"why": TEXT, **more}))


FACTS = {
    "system": TEXT, "board": TEXT, "cpus": _fact("cpu"),
    "memory": _fact("start", "end", guest=NUMBER, access=TEXT, section=TEXT),
    "devices": _fact("start", "end"), "interrupts": _fact("spi", intx=TEXT),
    "links": _fact("device", interrupt=TEXT, protocols=_list(NUMBER)),
    "pci": _list({"anyOf": [_fact("start", "end")["items"], _fact("first_spi", "last_spi")["items"]]}),
    "watchdogs": _fact("period"),
}
EXPLAIN = {"anyOf": [_object({"problems": {**_list(PROBLEM), "minItems": 1}}),
                     _object({"problems": {**_list(PROBLEM), "maxItems": 0}, **FACTS})]}

SHOWN_CELL = {
    "file": TEXT, "cpus": _list(NUMBER),
    "memory_regions": _list(_struct(abi.Memory, purpose=TEXT)),
    **{name: _list(NUMBER if not issubclass(kind, ctypes.Structure) else _struct(kind)) for name, kind, _ in abi.ARRAYS[2:]},
    "trailing_bytes": NUMBER, "problems": _list(RECORD_PROBLEM),
}
SHOWN_BUNDLE = _object({
    "file": TEXT, "kind": {"const": "bundle"}, "version": TEXT, "size": NUMBER, "launcher": TEXT, "online_cpus": NUMBER,
    "memory": _object(SPAN), "core_size": NUMBER, "config_offset": NUMBER, "bundle_offset": NUMBER, "pool_offset": NUMBER,
    "directory": _object({"size": NUMBER, "crc": NUMBER}),
    "parts": _list(_object({"kind": TEXT, "name": TEXT, "offset": NUMBER, "size": NUMBER, "crc": NUMBER})),
    "cells": _list(_object({
        "config_part": NUMBER, "name": {"type": ["string", "null"]}, "cpus": _list(NUMBER), "argument": NUMBER,
        "on_failure": TEXT, "max_restarts": NUMBER, "window_seconds": NUMBER,
        "images": _list(_object({"part": NUMBER, "target": NUMBER}))})),
    "affinities": _list(NUMBER), "problems": _list(RECORD_PROBLEM)})
SHOW = {"anyOf": [_object({**SHOWN_CELL, "kind": {"const": "cell"}, "header": _struct(abi.Cell)}),
                  _object({**SHOWN_CELL, "kind": {"const": "system"}, "header": _struct(abi.System)}), SHOWN_BUNDLE]}

# Names of counters and causes are those of the driver, which may have more; so is the number of decimals
COUNTED = {"total": NUMBER, "per_second": {"type": ["number", "null"], "minimum": 0}}
STATS = _object({
    "seconds": {"type": ["number", "null"], "minimum": 0},
    "cells": _list(_object({
        "id": NUMBER, "name": TEXT, "state": TEXT,
        "counters": {"type": "object", "additionalProperties": NUMBER},
        "cpus": _list(_object({"cpu": NUMBER, **COUNTED,
                               "exits": {"type": "object", "additionalProperties": _object(COUNTED)}}))}))})

# "jailhouse trace": the whole, or with --follow one line for each event and for each CPU that has lost some
HEXADECIMAL = {"type": "string", "pattern": "^0x[0-9a-f]+$"}
DECIMAL = {"type": "string", "pattern": "^[0-9]+$"}


def _or_null(kind):
    return {"anyOf": [kind, {"type": "null"}]}


OF_CPU = {"cpu": NUMBER, "cell_id": NUMBER, "cell": TEXT}
EVENT = _object({
    **OF_CPU, "number": NUMBER, "seconds": {"type": "number"}, "ticks": DECIMAL, "cause": HEXADECIMAL, "pc": _or_null(HEXADECIMAL),
    "kind": {"enum": ["exception", "hypercall", "HVC", "SMC", "register", "access", "interrupt", "FIQ", "start", "cell", "unknown"]},
    "text": TEXT, "exception_class": _or_null({**NUMBER, "maximum": 63}),
    "access": _or_null(_object({"what": {"enum": ["read", "write", "fetch", "cache maintenance", "table walk"]},
                                "size": _or_null({"enum": [1, 2, 4, 8]}), "address": _or_null(HEXADECIMAL)})),
    "register": _or_null(_object({"name": TEXT, "what": {"enum": ["read", "write"]}})),
    "hypercall": _or_null(NUMBER), "function": _or_null(NUMBER), "interrupt": _or_null(NUMBER)})
TRACE = {"anyOf": [
    _object({"mode": {"enum": ["unusual", "all"]}, "now": DECIMAL, "ticks_per_second": NUMBER, "events": _list(EVENT),
             "cpus": _list(_object({**OF_CPU, "position": NUMBER, "kept": NUMBER, "last_seconds": _or_null({"type": "number"})}))}),
    EVENT, _object({"cpu": NUMBER, "lost": NUMBER})]}

_EVENT = {"cpu": NUMBER, "later": NUMBER, "ticks": DECIMAL}
CRASH = {"anyOf": [{"type": "null"}, _object({
    "version": {"const": abi.BH_CRASH_VERSION}, "software": TEXT, "reason": TEXT, "cpu": NUMBER,
    "cell_id": {"type": ["integer", "null"]}, "cell": {"type": ["string", "null"]}, "ticks": DECIMAL, "ticks_per_second": NUMBER,
    "exception": {"anyOf": [{"type": "null"}, _object({
        "vector": NUMBER, "exception_class": NUMBER, **dict.fromkeys(("syndrome", "elr", "far", "sp", "spsr"), HEXADECIMAL),
        "registers": {**_list({"anyOf": [HEXADECIMAL, {"type": "null"}]}), "minItems": 31, "maxItems": 31}})]},
    "console": TEXT,
    "trace": {"maxItems": abi.BH_CRASH_TRACE_EVENTS, **_list({"anyOf": [
        _object({**_EVENT, "kind": {"const": "cell"}, "cell_id": NUMBER, "cell": TEXT}),
        _object({**_EVENT, "kind": {"enum": ["syndrome", "irq", "fiq", "start", "unknown"]},
                 **dict.fromkeys(("cause", "pc", "address", "x0", "x1"), HEXADECIMAL)})]})}})]}

# "jailhouse cell show": a violation is an access, or the end of a watchdog, which has neither addresses nor syndrome
_VIOLATION = {
    "pc": HEXADECIMAL, "mode": TEXT, "pstate": HEXADECIMAL, "cpu": NUMBER, "stopped": {"type": "boolean"}, "refused": {"type": "boolean"},
    "start": NUMBER, "this_start": {"type": "boolean"}, "later": NUMBER, "ticks": DECIMAL, "ticks_per_second": NUMBER,
    "registers": {**_list(HEXADECIMAL), "minItems": 31, "maxItems": 31}, "advice": TEXT}
_NULL = {"type": "null"}
_NEAREST = _or_null(_object({"index": NUMBER, **dict.fromkeys(("start", "size", "flags", "distance"), HEXADECIMAL),
                             "position": {"enum": ["before", "behind", "inside"]}}))
CELL_SHOW = _object({
    "id": NUMBER, "name": TEXT, "state": TEXT, "cpus": TEXT, "failed_cpus": TEXT, "starts": NUMBER, "violations": NUMBER,
    "accesses_to_nothing": _object(dict.fromkeys(("ignored_reads", "ignored_writes", "aborted"), NUMBER)),
    "watchdog_us": NUMBER, "watchdog_expiries": _or_null(NUMBER),
    "fault": {"anyOf": [
        _NULL,
        _object({**_VIOLATION, "access": {"enum": ["read", "write", "instruction fetch", "unknown access"]}, "size": _or_null(NUMBER),
                 **dict.fromkeys(("address", "virtual_address", "syndrome"), HEXADECIMAL), "exception_class": {**NUMBER, "maximum": 63},
                 "fault": TEXT, "nearest": _NEAREST}),
        _object({**_VIOLATION, "access": {"const": "watchdog"}, "counter": NUMBER, "unchanged_us": NUMBER, **dict.fromkeys(
            ("size", "address", "virtual_address", "syndrome", "exception_class", "fault", "nearest"), _NULL)})]},
    "console": _or_null(_object({"written": NUMBER, "last_lines": TEXT}))})
CELL_CONSOLE = _object({"id": {"type": "integer", "minimum": -1}, "name": TEXT, "written": NUMBER, "kept": NUMBER, "text": TEXT})

KINDS = {"cell-show": CELL_SHOW, "cell-console": CELL_CONSOLE, "check": CHECK, "explain": EXPLAIN, "show": SHOW, "stats": STATS, "trace": TRACE, "crash": CRASH}
