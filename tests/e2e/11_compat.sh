#!/bin/bash
# The other compiler takes the guests and the host agent without a warning; harness/ it takes in the build for the
# sanitizers. All of both, with and without LTO, is `make compat`.
# Measures nothing: it may run beside another.
cd "$(dirname "$0")/../.." || exit 1
PROGRAMS="stealscope-agent metal.elf stealscope-hostd" LEVELS=-O2 COMPILERS=clang LTO=no exec scripts/compat
