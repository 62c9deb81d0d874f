"""States of the alarms that watch a deployment.

The emulator's own evaluation ignores dimensions, DatapointsToAlarm and missing data, and runs only when somebody publishes a metric: an
error of one function would raise the alarms of all, and no alarm would recover. So the front evaluates these alarms from the emulator's
metrics as CloudWatch does, and writes each changed state to the emulator, which notifies. A state that an operator has set with
SetAlarmState counts as it is for one period. The emulator has no composite alarms: the tests evaluate their rules.
"""

import datetime
import math

EVALUATED = "Threshold Crossed"
# A shorter period could fall between two evaluations.
SHORTEST = 2
COMPARED = {
    "GreaterThanOrEqualToThreshold": (lambda value, threshold: value >= threshold, "greater than or equal to"),
    "GreaterThanThreshold": (lambda value, threshold: value > threshold, "greater than"),
    "LessThanOrEqualToThreshold": (lambda value, threshold: value <= threshold, "less than or equal to"),
    "LessThanThreshold": (lambda value, threshold: value < threshold, "less than"),
}


class Alarms:
    """`minute` is the number of seconds that stand for a minute; it shortens the period of each alarm."""

    def __init__(self, emulator, settings):
        self.cloudwatch, self.settings = emulator.client("cloudwatch"), settings

    def states(self, names):
        """{name: state} of the alarms that exist."""
        if not names:
            return {}
        found = {}
        for start in range(0, len(names), 100):
            page = self.cloudwatch.describe_alarms(AlarmNames=names[start:start + 100], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
            found |= {alarm["AlarmName"]: self.state(alarm) for alarm in page["MetricAlarms"]}
            found |= {alarm["AlarmName"]: alarm["StateValue"] for alarm in page.get("CompositeAlarms", [])}
        return found

    def state(self, alarm):
        if "MetricName" not in alarm or alarm["ComparisonOperator"] not in COMPARED:
            return alarm["StateValue"]  # Metric math and anomaly bands.
        period = max(SHORTEST, math.ceil(alarm["Period"] * self.settings.minute / 60))
        now = datetime.datetime.now(datetime.UTC)
        reason = alarm.get("StateReason", "")
        if not reason.startswith((EVALUATED, "Unchecked", "Insufficient Data")):
            since = (now - alarm["StateUpdatedTimestamp"]).total_seconds()
            if since < max(period, self.settings.minute):
                return alarm["StateValue"]
        values = self.values(alarm, period, now)
        state, reason = evaluated(alarm, values)
        if state is None:
            return alarm["StateValue"]
        if state != alarm["StateValue"]:
            self.cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue=state, StateReason=reason)
        return state

    def values(self, alarm, period, now):
        """The statistic of each period, the newest first; None without data."""
        periods = []
        for index in range(alarm.get("EvaluationPeriods", 1)):
            end = now - datetime.timedelta(seconds=period * index)
            query = {
                "Namespace": alarm["Namespace"], "MetricName": alarm["MetricName"], "Dimensions": alarm.get("Dimensions", []),
                "StartTime": end - datetime.timedelta(seconds=period), "EndTime": end,
                # Longer than the range, so that one data point holds all of it; two at midnight.
                "Period": 86400,
            }
            extended = alarm.get("ExtendedStatistic")
            kind = {"ExtendedStatistics": [extended]} if extended else {"Statistics": [alarm["Statistic"]]}
            points = self.cloudwatch.get_metric_statistics(**query, **kind)["Datapoints"]
            found = [point["ExtendedStatistics"][extended] if extended else point[alarm["Statistic"]] for point in points]
            total = sum if alarm.get("Statistic") in ("Sum", "SampleCount") and not extended else max
            periods.append(total(found) if found else None)
        return periods


def evaluated(alarm, values):
    """The new state and its reason; the state None keeps the old one."""
    compare, words = COMPARED[alarm["ComparisonOperator"]]
    missing = alarm.get("TreatMissingData", "missing")
    needed = alarm.get("DatapointsToAlarm", alarm.get("EvaluationPeriods", 1))
    present = [value for value in values if value is not None]
    if not present and missing == "missing":
        return "INSUFFICIENT_DATA", "Insufficient Data: no datapoints were received"
    if not present and missing == "ignore":
        return None, ""
    breaching = [value for value in values if (missing == "breaching" if value is None else compare(value, alarm["Threshold"]))]
    state = "ALARM" if len(breaching) >= needed else "OK"
    given = ", ".join(f"{value}" for value in present) or "no datapoints"
    verb = "was" if state == "ALARM" else "was not"
    return state, f"{EVALUATED}: {len(values)} datapoint(s) [{given}] {verb} {words} the threshold ({alarm['Threshold']})."
