"""Starts MiniStack with fewer wake-ups. Run by its own Python.

The emulator is one process with one interpreter lock. For each version of a function that was invoked it keeps a worker whose two threads
wake up ten times a second. A rehearsal has hundreds of them: they occupied the lock so that DynamoDB did not answer for two seconds. Here
a worker sleeps until it has something to do. Full garbage collections, which stop the process for longer after each deployment, do not run.
"""

import contextlib
import gc
import queue
import socket
import socketserver
import sys
import types

from ministack.app import main
from ministack.core import lambda_runtime
from ministack.services.cloudformation import changesets, provisioners

# The seconds after which a sleeping thread of a worker looks whether the worker was stopped.
LOOKS = 10


class Events(queue.Queue):
    """The queue of a worker. The one for its next event, which has one place, is waited for instead of asked ten times a second."""

    def get(self, block=True, timeout=None):
        return super().get(block, timeout and (LOOKS if self.maxsize == 1 else timeout))


def serve_forever(server, poll_interval=LOOKS):  # noqa: ARG001
    return serve_until_shut_down(server, LOOKS)


def shutdown(server):
    """Stops a server at once: a connection ends its wait."""
    server._BaseServer__shutdown_request = True
    with contextlib.suppress(OSError), socket.create_connection(server.server_address, timeout=1):
        pass
    server._BaseServer__is_shut_down.wait()


serve_until_shut_down = socketserver.BaseServer.serve_forever
socketserver.BaseServer.serve_forever, socketserver.BaseServer.shutdown = serve_forever, shutdown
lambda_runtime.queue = types.SimpleNamespace(Queue=Events, Empty=queue.Empty, Full=queue.Full)

# CloudFormation imports global tables as it imports tables.
table, global_table = "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"
provisioners._RESOURCE_HANDLERS[global_table]["import"] = provisioners._RESOURCE_HANDLERS[table]["import"]
changesets._IMPORT_LOOKUPS[global_table] = changesets._IMPORT_LOOKUPS[table]
gc.set_threshold(700, 10, 10**9)
sys.exit(main())
