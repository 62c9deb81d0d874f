"""Checks that `sam local start-api` finds the function of every route of the templates. It needs no container engine for that.

usage: sam_local.py TEMPLATE...
"""

import sys

from samcli.lib.providers.api_provider import ApiProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider
from samtranslator.yaml_helper import yaml_parse


def main(templates):
    found = 0
    for template in templates:
        stacks, _ = SamLocalStackProvider.get_stacks(template, parameter_overrides={"Environment": "dev", "HttpApiId": "HttpApi"})
        routes = ApiProvider(stacks).routes
        lost = [route.path for route in routes if route.function_name is None]
        if lost:
            raise SystemExit(f"{template}: sam local finds no function for {lost}")
        with open(template, encoding="utf-8") as file:
            resources = yaml_parse(file)["Resources"].values()
        declared = {one["Properties"]["RouteKey"].split()[-1] for one in resources if one["Type"] == "AWS::ApiGatewayV2::Route"}
        if template == "template.yaml" and declared != {route.path for route in routes}:
            raise SystemExit(f"{template}: sam local finds {sorted(route.path for route in routes)}, not {sorted(declared)}")
        found += len(routes)
    print(f"sam local finds {found} paths with functions")


if __name__ == "__main__":
    main(sys.argv[1:])
