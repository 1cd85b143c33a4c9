# SPDX-License-Identifier: GPL-2.0
#
# For tests that look into the kernel: programs, from each *.c here, and for each of
# KERNELS the module of the folder MODULE, all into B. It is built outside of the
# machine, which has no time to lose.

CC	?= gcc
CFLAGS	?= -O2 -g
CFLAGS	+= -std=gnu11 -Wall -Wextra -Werror

PROGRAMS := $(patsubst %.c,$(B)/%,$(wildcard *.c))
MODULES	:= $(KERNELS:%=$(MODULE)-%)

all: $(PROGRAMS) $(MODULES)

$(B)/%: %.c $(wildcard ../vm/*.h) Makefile ../inside.mk
	@mkdir -p $(B)
	$(CC) $(CFLAGS) $(CPPFLAGS) -I../vm -o $@ $< $(LDFLAGS)

# In a folder of its own for each kernel, by the kernel's name; anew when that is
# another build of it, as the debug kernel is after its config changed. Not where
# there are no kprobes, as in user-mode Linux: then tests skip what needs it.
$(MODULES): $(MODULE)-%:
	@out=$(abspath $(B))/$$(../../tools/kernel $* version); \
	headers=$$(../../tools/kernel $* headers); \
	grep -qx CONFIG_KPROBES=y $$headers/.config || exit 0; \
	mkdir -p $$out; \
	if [ ! -e $$out/$(MODULE).ko ] || \
	   [ $(MODULE)/$(MODULE).c -nt $$out/$(MODULE).ko ] || \
	   [ "$$(cat $$out/headers 2> /dev/null)" != "$$headers" ]; then \
		cp $(MODULE)/$(MODULE).c $(MODULE)/Kbuild $$out && \
		env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make --no-print-directory \
			-C $$headers M=$$out clean modules && \
		echo "$$headers" > $$out/headers; \
	fi

clean:
	rm -rf $(B)

.PHONY: all clean $(MODULES)
