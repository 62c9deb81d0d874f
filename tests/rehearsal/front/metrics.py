"""The metrics that Lambda and CloudWatch would publish, for alarms.

The emulator publishes metrics of AWS/Lambda only for invocations through Lambda's API, with the dimension FunctionName alone, and none for
requests through an HTTP API. It does not extract metrics from the embedded metric format (EMF).
"""

import contextlib
import json
import threading
import time

from botocore.exceptions import ClientError

MOST_IN_A_CALL = 500


class Metrics:
    def __init__(self, emulator):
        self.emulator, self.lock = emulator, threading.Lock()
        self.counted = {}  # (namespace, name, unit, dimensions): {value: how often}

    def invoked(self, function, alias, version, failed):
        """Stands in for Lambda: Invocations and Errors of a request that the front has forwarded, with the dimensions that Lambda uses.
        An alias that leads to a single version has no ExecutedVersion."""
        by_alias = (("FunctionName", function), ("Resource", f"{function}:{alias}"))
        dimensions = [(("FunctionName", function),), by_alias]
        if version != alias:
            dimensions.append((*by_alias, ("ExecutedVersion", version)))
        for one in dimensions:
            self.add("AWS/Lambda", "Invocations", "Count", one, 1.0)
            self.add("AWS/Lambda", "Errors", "Count", one, float(failed))

    def add(self, namespace, name, unit, dimensions, value):
        with self.lock:
            values = self.counted.setdefault((namespace, name, unit, dimensions), {})
            values[value] = values.get(value, 0) + 1

    def publish(self):
        """Sends what was counted since the last call."""
        with self.lock:
            counted, self.counted = self.counted, {}
        data = {}
        for (namespace, name, unit, dimensions), values in counted.items():
            data.setdefault(namespace, []).append({
                "MetricName": name, "Unit": unit, "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
                "Values": list(values), "Counts": [float(count) for count in values.values()],
            })
        for namespace, some in data.items():
            for start in range(0, len(some), MOST_IN_A_CALL):
                self.emulator.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=some[start:start + MOST_IN_A_CALL])

    def log_group(self, function, version):
        config = self.emulator.client("lambda").get_function_configuration(FunctionName=function, Qualifier=version)
        return config.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{function}"


class LogReader:
    """Stands in for CloudWatch's extraction: publishes the metrics in the new log events of some log groups. The emulator writes one log
    stream for each invocation, all at once, so a stream is read once."""

    def __init__(self, emulator, metrics, groups):
        self.emulator, self.metrics, self.groups = emulator, metrics, groups
        self.since, self.read = int(time.time() * 1000), set()

    def poll(self):
        for group in self.groups:
            events = []
            with contextlib.suppress(ClientError):  # The group appears with the first invocation.
                events = self.emulator.client("logs").filter_log_events(logGroupName=group, startTime=self.since)["events"]
            for event in events:
                if (group, event["logStreamName"]) not in self.read:
                    self.extract(event["message"])
            self.read |= {(group, event["logStreamName"]) for event in events}

    def extract(self, line):
        if '"_aws"' not in line:
            return
        with contextlib.suppress(ValueError):
            for namespace, name, unit, dimensions, values in embedded(json.loads(line)):
                for value in values:
                    self.metrics.add(namespace, name, unit, dimensions, value)


def embedded(entry):
    """The metrics of a log entry in the embedded metric format."""
    for directive in entry.get("_aws", {}).get("CloudWatchMetrics", []):
        for names in directive.get("Dimensions", [[]]):
            if not all(name in entry for name in names):
                continue
            dimensions = tuple((name, str(entry[name])) for name in names)
            for metric in directive.get("Metrics", []):
                value = entry.get(metric["Name"])
                values = value if isinstance(value, list) else [value]
                numbers = [float(one) for one in values if isinstance(one, (int, float)) and not isinstance(one, bool)]
                yield directive["Namespace"], metric["Name"], metric.get("Unit", "None"), dimensions, numbers
