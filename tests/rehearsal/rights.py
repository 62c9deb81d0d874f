"""The rights of workflows: they sign in with a token, deploy with a role that may do nothing else, and every role they create has a boundary."""

import base64
import contextlib
import json
import pathlib
import re

import account
import boto3

# The condition on change sets. The emulator knows neither of its keys, and the front changes the address of the template; the stage
# `iam-simulate` tests it.
PROPOSAL = re.compile(r"\n +Condition:\n +StringEquals:\n +cloudformation:RoleArn: .*\n +StringLike:\n +cloudformation:TemplateUrl: .*")
ISSUER = "https://token.actions.githubusercontent.com"
REPOSITORY = "owner/repository"


def token(environment, repository=REPOSITORY):
    """A token as GitHub issues it for a job in an environment. The emulator reads its claims, and does not check its signature."""
    claims = {"iss": ISSUER, "aud": "sts.amazonaws.com", "sub": f"repo:{repository}:environment:{environment}"}
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()  # noqa: E731
    return f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{part(claims)}.c2lnbmF0dXJl"


def create(source, environment, names):
    """Creates the stacks of rights of an environment, as a person does. Returns the outputs of the second."""
    client, outputs = boto3.client("cloudformation"), {}
    given = {"Environment": environment, "Names": names, "Repository": REPOSITORY}
    for stack in ["deployer", "workflows"] if environment == "feature" else ["workflows"]:
        name, template = f"pokedex-{stack}-{environment}", (source.root / f"infra/{stack}.yaml").read_text()
        template, removed = PROPOSAL.subn("", template)
        if removed != (stack == "workflows"):
            raise SystemExit(f"infra/{stack}.yaml has {removed} conditions on change sets")
        # The emulator calls every request about an alias ListAliases.
        template = template.replace("lambda:GetAlias,", "lambda:GetAlias, lambda:ListAliases,")
        wanted = [key for key in given if f"\n  {key}:\n    Type: String" in template]
        parameters = [{"ParameterKey": key, "ParameterValue": given[key]} for key in wanted]
        client.create_stack(StackName=name, TemplateBody=template, Parameters=parameters, Capabilities=["CAPABILITY_NAMED_IAM"])
        client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
        outputs = {one["OutputKey"]: one["OutputValue"] for one in client.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]}
    return outputs


@contextlib.contextmanager
def signed_in(source, run, role, environment, repository=REPOSITORY):
    """Runs commands as a job of this environment, with the role `role`."""
    file = pathlib.Path(run) / "token"
    file.write_text(token(environment, repository))
    source.identity = {"AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": str(file), "AWS_ROLE_SESSION_NAME": "rehearsal"}
    try:
        yield
    finally:
        source.identity = {}


def bound(environment):
    """Gives each role of an environment the boundary that its template demands, which the emulator's CloudFormation ignores. Returns the roles
    whose template demands none."""
    client, iam, bare = boto3.client("cloudformation"), boto3.client("iam"), []
    stacks = [stack["StackName"] for stack in client.describe_stacks()["Stacks"] if stack["StackName"].startswith(f"pokedex-{environment}")]
    for stack in stacks:
        template = client.get_template(StackName=stack)["TemplateBody"]
        template = template if isinstance(template, dict) else json.loads(template)
        physical = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in client.describe_stack_resources(StackName=stack)["StackResources"]}
        for name, resource in template["Resources"].items():
            if resource["Type"] == "AWS::IAM::Role":
                boundary = resource["Properties"].get("PermissionsBoundary", "")
                if boundary.endswith(":policy/pokedex-boundary-feature"):
                    iam.put_role_permissions_boundary(RoleName=physical[name], PermissionsBoundary=boundary)
                else:
                    bare.append(physical[name])
    return len(stacks), bare


def check(source, run, steps):
    """A workflow creates, uses and deletes the environment of a branch, and can reach no other; another one can operate, and not deploy."""
    feature, staging = create(source, "feature", "f-*"), create(source, "staging", "staging")
    deploy, operate = feature["DeployRoleArn"], staging["OperateRoleArn"]
    for wrong in [("staging", REPOSITORY), ("feature", "owner/fork")]:
        with signed_in(source, run, deploy, *wrong):
            refused = source.run("env", "url", "f-rights", fails=True)
            steps.check_that(f"a job of {wrong} has no credentials", "accepts no credentials" in refused)
    # A commit of its own, whose bundle nobody has stored yet.
    source.edit("template.yaml", "Description: ", "Description: Of a branch. ")
    with signed_in(source, run, deploy, "feature"):
        output = source.run("env", "create", "f-rights")
        steps.check_that("a workflow deploys", "live:" in output and ", 0 failed" in output)
        steps.check("stacks, and roles without the boundary", bound("f-rights"), (5, []))
        url = source.run("env", "url", "f-rights").strip()
        steps.check_that("the functions work within the boundary", ", 0 failed" in source.run("smoke", url, "--api-only", "--accept-old-catalogue"))
        refused = source.run("deploy", "staging", fails=True)
        steps.check_that("a workflow deploys no other environment", "AccessDenied" in refused)
        source.run("env", "delete", "f-rights")
    source.reset()
    steps.check("a workflow leaves nothing", account.leftovers("f-rights"), {})
    with signed_in(source, run, operate, "staging-operations"):
        shown = source.run("rollback", "staging", "--if-failed", "--accept-old-catalogue")
        steps.check_that("nothing is to be undone", "no deployment is to be undone" in shown)
        source.run("prune", "staging", "--dry-run")
        refused = source.run("deploy", "staging", fails=True)
        steps.check_that("operations deploy nothing", "in the bucket of artifacts cannot be read" in refused)
    steps.done("a workflow with its own role deploys and deletes the environment of a branch, and reaches no other")
