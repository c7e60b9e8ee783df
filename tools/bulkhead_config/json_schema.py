# SPDX-License-Identifier: BSD-2-Clause
"""The structure of board and system files for editors, and of what is written with --json for programs, as JSON schemas of
draft 7: what YAML language servers know best. schema.py uses nothing that is newer."""
import json

from . import output_schema, schema

DRAFT = "http://json-schema.org/draft-07/schema#"
FILES = {"board": schema.BOARD, "system": schema.SYSTEM}
KINDS = {**FILES, **output_schema.KINDS}


def text(kind):
    command = {"stats": "jailhouse cell", "crash": "jailhouse"}.get(kind, "bulkhead-config")
    title = f"Bulkhead {kind} file" if kind in FILES else f"Output of {command} {kind} --json"
    head = {"$schema": DRAFT, "$comment": "SPDX-License-Identifier: BSD-2-Clause. Made by 'bulkhead-config schema'; see "
            "docs/configuration.md", "title": title}
    return json.dumps({**head, **KINDS[kind]}, indent=1) + "\n"
