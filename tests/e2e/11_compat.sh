#!/bin/bash
# The other compiler takes it without a warning; all of both, with and without LTO, is `make compat`.
# Measures nothing: it may run beside another.
cd "$(dirname "$0")/../.." || exit 1
LEVELS=-O2 COMPILERS=clang LTO=no exec scripts/compat
