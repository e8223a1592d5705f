# `make compat`: every compiler at every level of optimisation, without and with LTO (6 to 12 minutes on 2 CPUs).
.PHONY: compat
compat:
	@BUILD=$(BUILD) MAKEFLAGS= scripts/compat
