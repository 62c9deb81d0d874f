"""Validates a list of components in CycloneDX 1.6: against the schema, with every licence a valid SPDX expression, and every reference
defined.

usage: sbom.py FILE
"""

import json
import sys

from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.spdx import is_expression
from cyclonedx.validation.json import JsonStrictValidator


def problems(text: str) -> list[str]:
    """Returns a sentence for each problem of the document `text`."""
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error:
        return [f"the schema refuses it: {error}"]
    document = json.loads(text)
    components = [document["metadata"]["component"], *document["components"]]
    found = []
    for component in components:
        stated = [one.get("expression") or one["license"].get("id", "") for one in component.get("licenses", [])]
        if not stated or not all(is_expression(one) for one in stated):
            found.append(f"{component['name']} has the licence {stated}")
    # An undefined reference is an error here.
    Bom.from_json(document).validate()
    defined = {component["bom-ref"] for component in components}
    described = {dependency["ref"] for dependency in document["dependencies"]}
    if len(defined) != len(components) or described != defined:
        found.append("the components and their dependencies differ")
    return found


if __name__ == "__main__":
    path = sys.argv[1]
    with open(path, encoding="utf-8") as file:
        found = problems(file.read())
    if found:
        sys.exit("\n".join(f"{path}: {problem}" for problem in found))
    print(f"{path} is valid")
