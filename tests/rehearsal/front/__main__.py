"""The front of the deployment rehearsal: stands between an AWS client and the emulator, and does what the emulator lacks.

usage: front --port PORT --emulator PORT [--region REGION] [--minute SECONDS] [--hook-timeout SECONDS] [--hooks-at-once N] [--as-tls]

AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are the emulator's root key. Functions need AWS_ENDPOINT_URL_CODEDEPLOY=http://127.0.0.1:PORT.
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
