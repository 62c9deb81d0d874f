"""Workarounds for the gaps of the emulator (ministack 1.5.33), all in this file: a packaged template becomes a plain one that it can
deploy. template.yaml does not depend on it. docs/adr/0010-rehearsals.md lists the gaps that have no workaround.
"""

import re

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

# The alias that an integration invokes, parsed from its address.
ALIAS = re.compile(r"functions/\$\{(\w+)\}/invocations")


def plain(template, region):
    """SAM to CloudFormation, offline. Functions must have been packaged: the translator accepts no folders."""

    class Session:  # The translator reads only its region.
        region_name = region

    return Translator({}, Parser(), boto_session=Session()).translate(template, {})


def for_emulator(packaged, region):
    template = plain(yaml_parse(packaged), region)
    expand_http_api(template["Resources"])
    forgive_absent_keys(template["Resources"])
    stay_on_this_machine(template["Parameters"])
    return template


def expand_http_api(resources):
    """1. The emulator does not read the Body of an HTTP API: the Body becomes routes and integrations."""
    for api_id, api in list(resources.items()):
        if api["Type"] != "AWS::ApiGatewayV2::Api":
            continue
        properties = api["Properties"]
        body = properties.pop("Body")
        tags = {tag["name"]: tag["x-amazon-apigateway-tag-value"] for tag in body.get("tags", [])}
        properties.update(Name=body["info"]["title"], ProtocolType="HTTP", Tags=tags)
        properties.pop("FailOnWarnings", None)
        for path, methods in body["paths"].items():
            for method, operation in methods.items():
                integration = operation["x-amazon-apigateway-integration"]
                name = ALIAS.search(integration["uri"]["Fn::Sub"])[1].removesuffix("Aliaslive")
                resources[f"{name}Integration"] = {
                    "Type": "AWS::ApiGatewayV2::Integration",
                    "Properties": {
                        "ApiId": {"Ref": api_id},
                        "IntegrationType": "AWS_PROXY",
                        "IntegrationUri": integration["uri"],
                        "PayloadFormatVersion": integration["payloadFormatVersion"],
                    },
                }
                key = "$default" if operation.get("isDefaultRoute") else f"{method.upper()} {path}"
                # One function answers GET and HEAD of its path.
                resources[f"{name}{'Head' if method == 'head' else ''}Route"] = {
                    "Type": "AWS::ApiGatewayV2::Route",
                    "Properties": {
                        "ApiId": {"Ref": api_id},
                        "RouteKey": key,
                        "Target": {"Fn::Sub": f"integrations/${{{name}Integration}}"},
                    },
                }


def forgive_absent_keys(resources):
    """2. The emulator never sets dynamodb:LeadingKeys: a condition that requires its presence would refuse everything. The rest of
    the condition always holds, so only tests/house/access.rs proves the keys themselves."""
    for resource in resources.values():
        if resource["Type"] != "AWS::IAM::Role":
            continue
        for policy in resource["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                statement.get("Condition", {}).pop("Null", None)


def stay_on_this_machine(parameters):
    """3. Not a gap: the program is built for this machine, and no schedule of a rehearsal may reach the real PokeAPI. These values
    are defaults, so that samconfig.toml is used unchanged."""
    parameters["Architecture"]["Default"] = "x86_64"
    parameters["PokeapiBaseUrl"]["Default"] = "http://127.0.0.1:9/api/v2"
    parameters["SyncRequestsPerMinute"]["Default"] = "0"
