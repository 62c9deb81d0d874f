#!/bin/sh
# Compiles a crate of this workspace so that it counts the lines that it executes. Cargo calls this script instead of rustc, with the
# compiler and its arguments.
exec "$@" -C instrument-coverage
