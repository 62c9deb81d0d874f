"""The state of the emulated account."""

import json

import boto3
from boto3.dynamodb import conditions


def versions(environment):
    """The version that each function of an environment serves with."""
    client, found = boto3.client("lambda"), {}
    for page in client.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            name = function["FunctionName"]
            if name.startswith(f"pokedex-{environment}-"):
                found[name] = client.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    return found


def leftovers(environment):
    """The resources whose names begin with that of an environment, by kind."""
    client = boto3.client
    found = {
        "stacks": [stack["StackName"] for stack in client("cloudformation").describe_stacks()["Stacks"]],
        "functions": [one["FunctionName"] for one in client("lambda").list_functions()["Functions"]],
        "roles": [one["RoleName"] for one in client("iam").list_roles()["Roles"]],
        "policies": [one["PolicyName"] for one in client("iam").list_policies(Scope="Local")["Policies"]],
        "log groups": [one["logGroupName"] for one in client("logs").describe_log_groups()["logGroups"]],
        "tables": client("dynamodb").list_tables()["TableNames"],
        "apis": [one["Name"] for one in client("apigatewayv2").get_apis()["Items"]],
        "schedules": [one["Name"] for one in client("scheduler").list_schedules()["Schedules"]],
        "schedule groups": [one["Name"] for one in client("scheduler").list_schedule_groups()["ScheduleGroups"]],
        "queues": client("sqs").list_queues().get("QueueUrls", []),
        "alarms": [one["AlarmName"] for one in client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "topics": [one["TopicArn"].split(":")[-1] for one in client("sns").list_topics()["Topics"]],
        "distributions": [one["Comment"] for one in client("cloudfront").list_distributions()["DistributionList"].get("Items", [])],
        "edge functions": [one["Name"] for one in client("cloudfront").list_functions()["FunctionList"].get("Items", [])],
        "buckets": [one["Name"] for one in client("s3").list_buckets()["Buckets"]],
        "secrets": [one["Name"] for one in client("secretsmanager").list_secrets()["SecretList"]],
    }
    of_environment = {kind: sorted(name for name in names if f"pokedex-{environment}" in name) for kind, names in found.items()}
    return {kind: names for kind, names in of_environment.items() if names}


def publication_is_older(environment, seconds):
    """Moves the time of the latest publication of the catalogue into the past."""
    table = boto3.resource("dynamodb").Table(f"pokedex-{environment}-catalog")
    for item in table.query(KeyConditionExpression=conditions.Key("pk").eq("INDEX"))["Items"]:
        if "swapped_at" in item:
            table.update_item(
                Key={"pk": item["pk"], "sk": item["sk"]}, UpdateExpression="ADD swapped_at :change",
                ExpressionAttributeValues={":change": -seconds},
            )


def profile(environment, user):
    """The stored profile of a user."""
    table = boto3.resource("dynamodb").Table(f"pokedex-{environment}-app")
    return table.get_item(Key={"pk": f"USER#{user}", "sk": "PROFILE"}, ConsistentRead=True)["Item"]


def set_version(environment, version):
    """Pretends that the stored accounts have another version."""
    table = boto3.resource("dynamodb").Table(f"pokedex-{environment}-app")
    table.put_item(Item={"pk": "SCHEMA", "sk": "VERSION", "version": version})


def backups(environment):
    """The number of backups of the accounts."""
    return len(boto3.client("dynamodb").list_backups(TableName=f"pokedex-{environment}-app")["BackupSummaries"])


class Subscription:
    """The notices of an environment since it was opened, as a subscriber receives them."""

    def __init__(self, environment, topic="notices"):
        self.queues = boto3.client("sqs")
        self.url = self.queues.create_queue(QueueName=f"subscriber-of-{environment}-{topic}")["QueueUrl"]
        arn = self.queues.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topics = [one["TopicArn"] for one in boto3.client("sns").list_topics()["Topics"]]
        [topic] = [one for one in topics if one.endswith(f":pokedex-{environment}-{topic}")]
        allowed = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn,
                   "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        self.queues.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})
        boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def received(self):
        """The subjects and texts so far."""
        notices = []
        while messages := self.queues.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                notice = json.loads(message["Body"])
                notices.append((notice["Subject"], notice["Message"]))
                self.queues.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return notices
