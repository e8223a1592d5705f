# `make compat`: every compiler at every level of optimisation, without and with LTO (6 to 12 minutes on 2 CPUs).
.PHONY: compat
compat:
	@BUILD=$(BUILD) MAKEFLAGS= scripts/compat

# `make compat-trixie`: the same, the package and a real run on Debian 13, in a chroot (10 minutes, once 4 more).
.PHONY: compat-trixie compat-bookworm
compat-trixie compat-bookworm: compat-%:
	@MAKEFLAGS= scripts/compat-chroot $*
