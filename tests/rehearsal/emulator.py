"""What the emulator (ministack 1.5.33) lacks, made up for in this one file: a packaged template becomes a plain one that it can
deploy. template.yaml knows nothing of it. What it lacks and nothing can make up for, docs/adr/0010-rehearsals.md tells.
"""

import re

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

# The alias that an integration calls, read back from its address.
ALIAS = re.compile(r"functions/\$\{(\w+)\}/invocations")


def plain(template, region):
    """SAM to CloudFormation, offline. Functions must have been packaged: the translator takes no folders."""

    class Session:  # The translator asks it for nothing but the region.
        region_name = region

    return Translator({}, Parser(), boto_session=Session()).translate(template, {})


def for_emulator(packaged, region):
    template = plain(yaml_parse(packaged), region)
    expand_http_api(template["Resources"])
    forgive_absent_keys(template["Resources"])
    stay_on_this_machine(template["Parameters"])
    return template


def expand_http_api(resources):
    """1. It does not read an HTTP API's Body: that becomes routes and integrations."""
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
    """2. It never sets dynamodb:LeadingKeys: what insists on its presence would refuse everything. What is left of the
    condition holds whatever it says, so the keys themselves are proven by tests/house/access.rs alone."""
    for resource in resources.values():
        if resource["Type"] != "AWS::IAM::Role":
            continue
        for policy in resource["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                statement.get("Condition", {}).pop("Null", None)


def stay_on_this_machine(parameters):
    """3. No shortcoming: the binaries are this machine's, and no schedule of a rehearsal may reach the real PokeAPI. As defaults,
    so that samconfig.toml is used as it stands."""
    parameters["Architecture"]["Default"] = "x86_64"
    parameters["PokeapiBaseUrl"]["Default"] = "http://127.0.0.1:9/api/v2"
    parameters["SyncRequestsPerMinute"]["Default"] = "0"
