"""What clients see of a stack while a release runs, and afterwards: one update, whatever the emulator has done for it.

A response of the emulator is changed only if it shows something of a release.
"""

import datetime
import re
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

from plan import HOLD
from release import INTERNAL
from wire import answer

NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
ET.register_namespace("", NAMESPACE)
PAGE, TOKEN = 100, "front:"
REQUEST_ID = "00000000-0000-0000-0000-000000000000"
FIELDS = [
    "StackId", "EventId", "StackName", "LogicalResourceId", "PhysicalResourceId", "ResourceType", "Timestamp", "ResourceStatus",
    "ResourceStatusReason", "ClientRequestToken", "DetailedStatus",
]
STACK = "AWS::CloudFormation::Stack"


def refusal(code, message, status=400):
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    body = f'<ErrorResponse xmlns="{NAMESPACE}">{error}<RequestId>{REQUEST_ID}</RequestId></ErrorResponse>'
    return answer(status, body.encode(), "text/xml")


def result(operation, inner):
    inner = f"<{operation}Result>{inner}</{operation}Result><ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata>"
    body = f'<?xml version="1.0" encoding="UTF-8"?><{operation}Response xmlns="{NAMESPACE}">{inner}</{operation}Response>'
    return answer(200, body.encode(), "text/xml")


def text_of(body, tag):
    """The first element with this name; None without one."""
    found = ET.fromstring(body).find(f".//{{{NAMESPACE}}}{tag}")
    return None if found is None else found.text or ""


def stacks(response, running):
    """DescribeStacks and ListStacks: the status of the releases that run, {stack id: release}; never the emulator's reason of a hold."""
    body = response.content()
    if HOLD.encode() not in body and not any(stack_id.encode() in body for stack_id in running):
        return response
    tree = ET.fromstring(body)
    for member in tree.iter(f"{{{NAMESPACE}}}member"):
        reason = member.find(f"{{{NAMESPACE}}}StackStatusReason")
        if reason is not None and HOLD in (reason.text or ""):
            member.remove(reason)
        stack_id, status = member.find(f"{{{NAMESPACE}}}StackId"), member.find(f"{{{NAMESPACE}}}StackStatus")
        if status is not None and stack_id is not None and stack_id.text in running:
            status.text = running[stack_id.text].status
    return response.with_body(ET.tostring(tree, encoding="utf-8", xml_declaration=True))


def change_sets(response):
    """ListChangeSets without those of the front."""
    body = response.content()
    if INTERNAL.encode() not in body:
        return response
    tree = ET.fromstring(body)
    for summaries in tree.iter(f"{{{NAMESPACE}}}Summaries"):
        for member in list(summaries):
            if (member.findtext(f"{{{NAMESPACE}}}ChangeSetName") or "").startswith(INTERNAL):
                summaries.remove(member)
    return response.with_body(ET.tostring(tree, encoding="utf-8", xml_declaration=True))


# The types that the emulator does not know to be updated in place: CloudFormation never replaces one for a change of its configuration.
IN_PLACE = {"AWS::CloudFront::Distribution"}


def replacements(response):
    """DescribeChangeSet without the replacements that the emulator only suspects."""
    body = response.content()
    if not any(kind.encode() in body for kind in IN_PLACE):
        return response
    tree = ET.fromstring(body)
    for change in tree.iter(f"{{{NAMESPACE}}}ResourceChange"):
        replacement = change.find(f"{{{NAMESPACE}}}Replacement")
        if change.findtext(f"{{{NAMESPACE}}}ResourceType") in IN_PLACE and replacement is not None and replacement.text == "Conditional":
            replacement.text = "False"
    return response.with_body(ET.tostring(tree, encoding="utf-8", xml_declaration=True))


def change_set(release):
    """DescribeChangeSet of a change set that has become a release: as it was described before, with the release's status."""
    state = f"<ExecutionStatus>{release.execution if release.done.is_set() else 'EXECUTE_IN_PROGRESS'}</ExecutionStatus>".encode()
    return release.described.with_body(re.sub(rb"<ExecutionStatus>[A-Z_]*</ExecutionStatus>", state, release.described.content(), count=1))


def events(recorded, releases, token):
    """DescribeStackEvents: what the emulator has recorded, read as one update for each release, with the events of the aliases. The newest
    comes first. `token` is the page's."""
    stages = {value: (release, stage) for release in releases for stage, value in release.tokens.items()}
    seen = [shown for event in recorded if (shown := visible(event, *stages.get(event.get("ClientRequestToken"), (None, None))))]
    for release in releases:
        for event in reversed(list(release.events)):
            at = datetime.datetime.fromtimestamp(event["At"], datetime.UTC)
            seen.append({name: value for name, value in event.items() if name in FIELDS} | {"Timestamp": at})
    # Stable, so that the order of each list, the newest first, holds within a millisecond.
    seen.sort(key=lambda event: event["Timestamp"].replace(microsecond=event["Timestamp"].microsecond // 1000 * 1000), reverse=True)
    start = int(token.removeprefix(TOKEN)) if token.startswith(TOKEN) else 0
    more = f"<NextToken>{TOKEN}{start + PAGE}</NextToken>" if len(seen) > start + PAGE else ""
    return result("DescribeStackEvents", f"<StackEvents>{''.join(map(member, seen[start:start + PAGE]))}</StackEvents>{more}")


def visible(event, release, stage):
    """The event as CloudFormation would have recorded it; None if it would not have."""
    if release is None:
        return event
    stack, status = event["ResourceType"] == STACK, event["ResourceStatus"]
    held = event["LogicalResourceId"] in {plan.logical for plan in release.plans}
    again = not stack and not status.startswith("DELETE") and not status.endswith("_FAILED")
    ended = stack and status.endswith(("_COMPLETE", "_FAILED"))
    hidden = {
        # The aliases have events of their own, and the stack does not fail but rolls back.
        "hold": held or (stack and status == "UPDATE_FAILED" and not release.disable_rollback),
        # The emulator updates every resource once more; only what the template no longer has is left to delete.
        "move": again or (stack and status == "UPDATE_IN_PROGRESS"),
        "back": False,
    }[stage]
    if hidden or (ended and stage != "hold" and not release.done.is_set()):
        return None
    changed = {**event, "ClientRequestToken": release.client_token}
    if HOLD in event.get("ResourceStatusReason", "") or (stack and stage == "back" and status == "UPDATE_ROLLBACK_IN_PROGRESS"):
        changed["ResourceStatusReason"] = release.rollback_reason
    return changed


def member(event):
    inner = ""
    for name in FIELDS:
        value = event.get(name)
        if name == "Timestamp":
            value = value.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if value:
            inner += f"<{name}>{escape(str(value))}</{name}>"
    return f"<member>{inner}</member>"
