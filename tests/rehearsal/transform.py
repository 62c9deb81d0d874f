"""Writes the template that CloudFormation will receive from a SAM template, offline, and checks its limits.

usage: transform.py TEMPLATE OUT REGION
"""

import json
import pathlib
import sys

from emulator import plain
from samtranslator.yaml_helper import yaml_parse

# CloudFormation accepts 500 resources and 1 MB; a stack must be split before it reaches these limits.
MOST_RESOURCES = 400
MOST_BYTES = 900 * 1024


def main(source, out, region):
    template = yaml_parse(pathlib.Path(source).read_text())
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            # The translator accepts no folders: this template is treated as if it had been packaged.
            resource["Properties"]["CodeUri"] = {"Bucket": "artifacts", "Key": name}
    transformed = plain(template, region)
    text = json.dumps(transformed, indent=1)
    pathlib.Path(out).write_text(text)
    resources, size = len(transformed["Resources"]), len(json.dumps(transformed))
    print(f"{source}: {resources} resources, {size} bytes")
    if resources > MOST_RESOURCES or size > MOST_BYTES:
        raise SystemExit(f"{source} is to stay within {MOST_RESOURCES} resources and {MOST_BYTES} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:4])
