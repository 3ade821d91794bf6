# Meson does the work; these are the words for it.  CONTRIBUTING.md has more.
PREFIX ?= /usr/local
DESTDIR ?=
BUILD ?= build
SECONDS ?= 60
export BUILD

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@tools/setup build
	@meson setup --werror --prefix=$(PREFIX) $(BUILD)

demo: all
	@tools/demo

check:
	@tools/setup build check
	@tools/check

bench:
	@tools/setup build bench
	@$(MAKE) --no-print-directory all
	@bench/run

lint:
	@tools/setup build lint
	@$(MAKE) --no-print-directory all
	@tools/lint

format:
	@find include src cli tests bench docs -name '*.[ch]' | xargs clang-format -i

# SECONDS for each target
fuzz:
	@tools/setup build fuzz
	@tools/fuzz $(SECONDS)

soak:
	@tools/setup build check soak
	@$(MAKE) --no-print-directory all
	@tools/soak $(SECONDS)

install: all
	@meson configure $(BUILD) -Dprefix=$(PREFIX)
	@DESTDIR=$(DESTDIR) meson install -C $(BUILD)
	@[ -n "$(DESTDIR)" ] || ldconfig 2>/dev/null || :

clean:
	rm -rf $(BUILD)

.PHONY: all demo check bench lint format fuzz soak install clean
