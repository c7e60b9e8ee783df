# SPDX-License-Identifier: BSD-2-Clause
"""The structure of board and system files for editors, as JSON schemas of draft 7: what YAML language servers know best.
schema.py uses nothing that is newer."""
import json

from . import schema

DRAFT = "http://json-schema.org/draft-07/schema#"
KINDS = {"board": schema.BOARD, "system": schema.SYSTEM}


def text(kind):
    head = {"$schema": DRAFT, "$comment": "SPDX-License-Identifier: BSD-2-Clause. Made by 'bulkhead-config schema'; see "
            "docs/configuration.md", "title": f"Bulkhead {kind} file"}
    return json.dumps({**head, **KINDS[kind]}, indent=1) + "\n"
