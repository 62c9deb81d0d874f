"""The program of both functions and of the hook of the sample stack: it speaks Lambda's Runtime API. The handler chooses what it does."""

import json
import os
import time
import urllib.request

API = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"


def post(path, body):
    urllib.request.urlopen(urllib.request.Request(f"{API}/{path}", data=json.dumps(body).encode(), method="POST")).read()


def function(event):
    """Answers with its release. BEHAVIOUR: "crash" fails under traffic only, "errors" answers 500 under traffic only, and "unhealthy" fails
    the hook's check."""
    behaviour, check = os.environ["BEHAVIOUR"], "check" in event
    if behaviour == "unhealthy" and check:
        return {"statusCode": 503, "body": "{}"}
    if behaviour == "crash" and not check:
        raise RuntimeError("a crash")
    if behaviour == "errors" and not check:
        directive = {"Namespace": "Sample", "Dimensions": [["function"]], "Metrics": [{"Name": "ServerErrors", "Unit": "Count"}]}
        entry = {"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}, "ServerErrors": 1}
        print(json.dumps({**entry, "function": os.environ["AWS_LAMBDA_FUNCTION_NAME"]}), flush=True)
        return {"statusCode": 500, "body": "{}"}
    return {"statusCode": 200, "body": json.dumps({"release": os.environ["RELEASE"]})}


def hook(event):
    """Invokes the new version with a check, and reports the result to CodeDeploy. HOOK=silent does not report."""
    import boto3

    if os.environ["HOOK"] == "silent":
        return {}
    codedeploy = boto3.client("codedeploy")
    deployment = codedeploy.get_deployment(deploymentId=event["DeploymentId"])["deploymentInfo"]
    content = json.loads(deployment["revision"]["appSpecContent"]["content"])
    ((_, resource),) = content["Resources"][0].items()
    properties = resource["Properties"]
    version = f"{properties['Name']}:{properties['TargetVersion']}"
    response = json.load(boto3.client("lambda").invoke(FunctionName=version, Payload=b'{"check": true}')["Payload"])
    codedeploy.put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"], lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status="Succeeded" if response.get("statusCode") == 200 else "Failed",
    )
    return {}


def main():
    answer = hook if os.environ["_HANDLER"] == "hook" else function
    while True:
        with urllib.request.urlopen(f"{API}/next") as invocation:
            request, event = invocation.headers["Lambda-Runtime-Aws-Request-Id"], json.load(invocation)
        try:
            response = answer(event)
        except Exception as error:  # noqa: BLE001 - a crash is reported to Lambda, as a runtime does.
            post(f"{request}/error", {"errorType": type(error).__name__, "errorMessage": str(error)})
        else:
            post(f"{request}/response", response)


if __name__ == "__main__":
    main()
