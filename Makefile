# SPDX-License-Identifier: GPL-2.0
#
# What a person types. `make help` lists it. What the kernel's build reads is in
# Kbuild; what the targets do is in tools/.

# The kernel to build for and install to: any folder of kernel headers.
KDIR	?= /lib/modules/$(shell uname -r)/build
PREFIX	?= /usr/local
DESTDIR	?=

# The kernels of the test machines, as tools/kernel knows them.
KERNELS	?= 6.1 6.12
# What `make check` tests; of what runs on the debug kernel a part.
CHECKED	?= $(KERNELS) debug

Q	:= $(if $(filter 1,$(V)),,@)
export V

VERSION	 = $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
RELEASE	 = $(shell sed -n 's/^.define UTS_RELEASE "\(.*\)"/\1/p' \
		$(KDIR)/include/generated/utsrelease.h)
SOURCES	:= Kbuild dkms.conf kernel include
DKMS	 = $(DESTDIR)/usr/src/tkm-$(VERSION)
UPDATES	 = $(DESTDIR)/lib/modules/$(RELEASE)/updates
MAN	:= $(DESTDIR)$(PREFIX)/share/man
PAGES	:= $(wildcard Documentation/man/*.[1-8])

all:
	$(Q)tools/module $(KDIR) build/local modules

help:
	@echo 'make               build the module for KDIR, the running kernel unless given'
	@echo 'make userspace     build the library'
	@echo 'make install       install it all, and the manual, under DESTDIR and PREFIX'
	@echo 'make uninstall     remove that again'
	@echo 'make dkms-install  give the sources to DKMS, which builds for every kernel'
	@echo
	@echo 'make demo          the whole story in machines of its own, in three minutes'
	@echo 'make check         a hand of the tests on each of CHECKED ($(CHECKED))'
	@echo 'make check-once    every test, on one or each of CHECKED, in an hour'
	@echo 'make check-all     every test on each of KERNELS, for over an hour'
	@echo 'make check-debug   everything on the debug kernel, for some hours'
	@echo 'make fault         all of the hostile TPM, on each of KERNELS'
	@echo 'make check-uml     every test on the newest kernel, as user-mode Linux'
	@echo 'make bench         tkm beside trusted keys, tools and OpenSSL, on one TPM'
	@echo 'make soak          users, containers and a disturbed TPM, for an hour'
	@echo 'make unit          host unit tests'
	@echo 'make fuzz          fuzz the pure files, a minute each; fuzz-long: an hour'
	@echo 'make kcov          keyring calls at random, led by coverage, for ten minutes'
	@echo 'make coverage      branch coverage of the pure files by the unit tests'
	@echo 'make coverage-module   lines and branches of the module by all tests, gcov'
	@echo 'make style         warnings, sparse, shellcheck, licences'
	@echo 'make tests         build what tests in a machine call: tools/vm run -- tests/vm/run'
	@echo 'make modules       build the module for each of KERNELS'
	@echo 'make deps          install the Debian packages that all this needs'
	@echo 'make clean         remove what was built; the cache of kernels stays'
	@echo
	@echo 'V=1 shows the commands. tools/vm help: run a command of your own.'

deps:
	$(Q)tools/deps

# The library, the command and the helper.
userspace: deps
	$(Q)$(MAKE) --no-print-directory -C userspace

# The programs that tests in the machine call.
tests: userspace
	$(Q)$(MAKE) --no-print-directory -C tests/vm all

modules: deps
	$(Q)for kernel in $(KERNELS); do tools/stage $$kernel || exit 1; done

check:
	$(Q)tools/check $(CHECKED)

check-once:
	$(Q)tools/check --once $(CHECKED)

check-all:
	$(Q)tools/check --all $(KERNELS)

check-debug:
	$(Q)tools/check --all debug

check-uml:
	$(Q)tools/check --all uml

unit:
	$(Q)$(MAKE) --no-print-directory -C tests/unit check

fuzz fuzz-long coverage: deps
	$(Q)$(MAKE) --no-print-directory -C tests/fuzz $@

style: deps
	$(Q)tools/style $(KERNELS)

sparse: style

demo: deps
	$(Q)tools/demo

bench: tests
	$(Q)tools/bench

# SOAK_KERNEL=6.12, SOAK_SECONDS=60, SOAK_SEED=N.
SOAK_KERNEL	?= uml
SOAK_SECONDS	?= 3600

soak: tests
	$(Q)tools/vm run --kernel $(SOAK_KERNEL) --tpm none --memory 2048 \
		--timeout $$(($(SOAK_SECONDS) * 2 + 900)) -- \
		tests/soak/run $(SOAK_SECONDS) $(SOAK_SEED)

# KCOV_KERNEL=uml-debug, KCOV_SECONDS=60, KCOV_SEED=N; KCOV_REPLAY=FILE: what a
# report printed, once more.
KCOV_KERNEL	?= uml-kcov
KCOV_SECONDS	?= 600

kcov: deps
	$(Q)$(MAKE) --no-print-directory -C tests/vm KERNELS=
	$(Q)$(MAKE) --no-print-directory -C tests/fault KERNELS=
	$(Q)$(MAKE) --no-print-directory -C tests/kcov KERNEL=$(KCOV_KERNEL)
	$(Q)tools/vm run --kernel $(KCOV_KERNEL) --tpm none --memory 2048 \
		--timeout $$(($(KCOV_SECONDS) * 2 + 1800)) -- tests/kcov/run \
		$(if $(KCOV_REPLAY),replay $(abspath $(KCOV_REPLAY)),$(KCOV_SECONDS) $(KCOV_SEED))

# COVERAGE_PARTS="vm" is only tests/vm.
COVERAGE_PARTS	?= vm fault kcov

coverage-module: deps
	$(Q)$(MAKE) --no-print-directory -C tests/vm KERNELS=uml-debug
	$(Q)$(MAKE) --no-print-directory -C tests/fault KERNELS=
	$(Q)$(MAKE) --no-print-directory -C tests/kcov KERNEL=uml-debug
	$(Q)tests/kcov/coverage $(COVERAGE_PARTS)

fault: tests
	$(Q)$(MAKE) --no-print-directory -C tests/fault KERNELS="$(KERNELS)"
	$(Q)for kernel in $(KERNELS); do TKM_LONG=1 tools/vm run \
		--kernel $$kernel --tpm none --memory 2048 --timeout 7200 -- \
		tests/fault/run || exit 1; done

# DESTDIR and PREFIX, as they were given, go on to userspace/.
export DESTDIR PREFIX

install: all
	$(Q)$(MAKE) --no-print-directory -C userspace install
	$(Q)install -D -m 644 build/local/tkm.ko $(UPDATES)/tkm.ko
	$(Q)$(if $(PAGES),$(foreach page,$(PAGES),install -D -m 644 $(page) \
		$(MAN)/man$(subst .,,$(suffix $(page)))/$(notdir $(page)) &&)) true
	$(Q)$(if $(DESTDIR),true,depmod $(RELEASE))

uninstall:
	$(Q)$(MAKE) --no-print-directory -C userspace uninstall
	$(Q)rm -f $(UPDATES)/tkm.ko
	$(Q)$(foreach page,$(PAGES),rm -f \
		$(MAN)/man$(subst .,,$(suffix $(page)))/$(notdir $(page)) &&) true
	$(Q)$(if $(DESTDIR),true,depmod $(RELEASE))

# With DESTDIR, which is for packages, DKMS itself runs at installation.
dkms-install:
	$(Q)install -d $(DKMS)
	$(Q)cp -r $(SOURCES) $(DKMS)
	$(Q)$(if $(DESTDIR),true,dkms install tkm/$(VERSION))

clean:
	$(Q)rm -rf build
	$(Q)if [ -e tests/unit/Makefile ]; then \
		$(MAKE) --no-print-directory -C tests/unit clean; fi

.PHONY: userspace fault kcov coverage-module fuzz fuzz-long coverage all help deps tests modules check check-once check-all check-debug check-uml unit
.PHONY: style sparse demo bench soak install uninstall dkms-install clean
