# SPDX-License-Identifier: BSD-2-Clause
"""The JSON schemas for editors: as the compiler has them, and at hand where the examples look for them."""
import json
import re

import jsonschema
import pytest

from bulkhead_config import json_schema
from bulkhead_config.source import load
from conftest import BUILD, HERE, ROOT

EXAMPLES = sorted((ROOT / "configs/systems").glob("*.yaml")) + sorted((ROOT / "configs/boards").glob("*.yaml"))


@pytest.mark.parametrize("kind", sorted(json_schema.KINDS))
def test_up_to_date(kind):
    expected = json_schema.text(kind)
    assert (BUILD / f"configs/schema/{kind}.json").read_text(encoding="utf-8") == expected
    assert (ROOT / f"configs/schema/{kind}.json").read_text(encoding="utf-8") == expected, "make config-schemas"
    jsonschema.Draft7Validator.check_schema(json.loads(expected))


def schema_of(path):
    """The schema that a file names, as a language server finds it."""
    name, = re.findall(r"^# yaml-language-server: \$schema=(\S+)$", path.read_text(encoding="utf-8"), re.M)
    return json.loads((path.parent / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_fit(path):
    kind = "system" if path.parent.name == "systems" else "board"
    assert schema_of(path) == json.loads(json_schema.text(kind))
    jsonschema.Draft7Validator(schema_of(path)).validate(load(path).data)


@pytest.mark.parametrize("path", sorted((HERE / "good").glob("*.yaml")), ids=lambda path: path.stem)
def test_good_files_fit(path):
    jsonschema.Draft7Validator(json.loads(json_schema.text("system"))).validate(load(path).data)


@pytest.mark.parametrize("path", [path for rule in ("unknown-key", "missing-key", "bad-value", "name-form")
                                     for path in sorted((HERE / "bad").glob(f"{rule}*.yaml"))], ids=lambda path: path.stem)
def test_bad_files_do_not_fit(path):
    """What the compiler refuses because of its form, an editor marks, in the file itself or in its board."""
    data = load(path).data
    board = HERE / f"bad/boards/{data['board']}.yaml" if isinstance(data, dict) and "board" in data else None
    found = list(jsonschema.Draft7Validator(json.loads(json_schema.text("system"))).iter_errors(data))
    if board and board.exists():
        found += jsonschema.Draft7Validator(json.loads(json_schema.text("board"))).iter_errors(load(board).data)
    assert found
