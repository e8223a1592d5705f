## make compat: every compiler at every level of optimisation, without and with LTO (6 to 12 minutes)
.PHONY: compat
compat:
	@BUILD=$(BUILD) MAKEFLAGS= scripts/compat

## make compat-trixie, make compat-bookworm: the same, the package and a real run in a chroot (10 minutes)
.PHONY: compat-trixie compat-bookworm
compat-trixie compat-bookworm: compat-%:
	@MAKEFLAGS= scripts/compat-chroot $*
