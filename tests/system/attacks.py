# SPDX-License-Identifier: BSD-2-Clause
"""Attacks of attack_memory, and what comes of them, as docs/abi-notes.md says."""

STOPPED, ABORT, UNDEFINED, HARMLESS = "CPU stopped", "external abort", "undefined instruction", "nothing happens"

ATTACKS = {
    "read": STOPPED, "write": STOPPED, "execute": STOPPED, "read-device": STOPPED, "write-device": STOPPED,
    "zero-line": STOPPED, "pair": STOPPED, "exclusive": STOPPED, "decode-off": STOPPED, "behind-bar": STOPPED,
    "state-table": ABORT, "peer-output": ABORT, "register-exclusive": ABORT, "register-zero": ABORT,
    "el2-register": UNDEFINED,
    "cache": HARMLESS, "actlr": HARMLESS, "sgi0": HARMLESS, "execute-comm": HARMLESS,
}

# What the inmate says, unless it is stopped
WORDS = {
    ABORT: r"^inmate: .*data abort: ESR 9[26]0000[15]0 ", UNDEFINED: r"^inmate: .*undefined instruction: ESR 0[02]000000 ",
    HARMLESS: r"^TAP done$",
}
