# Meson does the work; these are the words for it.  CONTRIBUTING.md has more.
PREFIX ?= /usr/local
DESTDIR ?=
BUILD ?= build
SECONDS ?= 60
# What is installed, and measured: optimised as a whole, which takes longer.
RELEASE = $(BUILD)/release
LTO ?= true
export BUILD

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@tools/setup build
	@meson setup --werror --prefix=$(PREFIX) $(BUILD)

release: $(RELEASE)/build.ninja
	@ninja -C $(RELEASE)

$(RELEASE)/build.ninja:
	@tools/setup build
	@meson setup --prefix=$(PREFIX) -Db_lto=$(LTO) -Dtests=false $(RELEASE)

demo: all
	@tools/demo

check:
	@tools/setup build check
	@tools/check

bench:
	@tools/setup build bench
	@$(MAKE) --no-print-directory release
	@GODWIT_BUILD=$(RELEASE) bench/run

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

install: release
	@meson configure $(RELEASE) -Dprefix=$(PREFIX)
	@DESTDIR=$(DESTDIR) meson install -C $(RELEASE)
	@[ -n "$(DESTDIR)" ] || ldconfig 2>/dev/null || :

clean:
	rm -rf $(BUILD)

.PHONY: all release demo check bench lint format fuzz soak install clean
