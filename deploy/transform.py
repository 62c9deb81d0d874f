"""Writes the template that CloudFormation receives: SAM's own translator, in a pinned version, expands the template on this machine. So the
template that was tested is the one that is deployed, and equal sources give equal templates.

usage: transform.py REGION < {"template": TEXT, "parameters": {NAME: VALUE}} > TEMPLATE
"""

import json
import logging
import sys

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

# The translator accepts only packaged functions.
UNPACKAGED = {"Bucket": "artifacts", "Key": "program"}


def plain(template, region, parameters=None):
    """A template without the SAM transformation. Its functions are packaged already, or refer to no real artifact."""

    class Session:  # The translator reads only its region.
        region_name = region

    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource.get("Metadata", {}).pop("BuildMethod", None)
            if resource["Properties"]["CodeUri"] == ".":
                resource["Properties"]["CodeUri"] = UNPACKAGED
    if "Transform" not in template:
        return template
    return Translator({}, Parser(), boto_session=Session()).translate(template, parameters or {})


if __name__ == "__main__":
    # The translator reports each optional feature that is not configured.
    logging.disable(logging.WARNING)
    request = json.load(sys.stdin)
    json.dump(plain(yaml_parse(request["template"]), sys.argv[1], request["parameters"]), sys.stdout, indent=1)
