"""The front of the deployment rehearsal: is between an AWS client and the emulator, and does what the emulator lacks.

usage: front --port PORT --emulator PORT [--region REGION] [--minute SECONDS] [--hook-timeout SECONDS] [--hooks-at-once N] [--as-tls]

AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are the emulator's root key. The client has AWS_ENDPOINT_URL=http://127.0.0.1:PORT. Functions
inherit the emulator's environment: they need AWS_ENDPOINT_URL_CODEDEPLOY with the same address, and with --as-tls also
AWS_ENDPOINT_URL_S3, if a bucket accepts TLS only.

Operations of the front itself:
  GET  /_front/health
  GET  /_front/deployments    every CodeDeploy deployment: versions, status, share, steps with times, hooks, states of its alarms
  GET  /_front/traffic        requests and failures (5xx) by function and version; by alias outside of a deployment
  POST /_front/traffic/reset
  GET  /_front/adaptations    by stack, what the emulator does not create, and why
  POST /_front/watch          {"groups": LOG GROUPS, "alarms": NAMES}: publishes the metrics of new lines, and evaluates the alarms
  POST /_front/settings       {"minute": SECONDS, "hookTimeout": SECONDS}
  ANY  /_front/api/ID/PATH    a request to the HTTP API with this id; outputs of stacks that hold an API's address lead here
"""

import argparse

from server import Front


def main():
    parser = argparse.ArgumentParser(prog="front")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--emulator", type=int, required=True, help="the emulator's port")
    parser.add_argument("--region", default="eu-central-1")
    parser.add_argument("--minute", type=float, default=60, help="seconds that stand for a minute of a deployment or an alarm")
    parser.add_argument("--hook-timeout", type=float, default=3600, help="seconds that a hook has to report")
    parser.add_argument("--hooks-at-once", type=int, default=8, help="hook functions that run at the same time")
    parser.add_argument("--as-tls", action="store_true", help="tell the emulator that requests came over TLS")
    Front(parser.parse_args()).serve()


if __name__ == "__main__":
    main()
