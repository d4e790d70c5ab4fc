# teasel: `make help` lists the targets.
VERSION  := 0.1.0
MODE     ?= release
SANITIZE ?=
PREFIX   ?= /usr/local
BUILD    ?= build/$(MODE)$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))
comma    := ,
Q        := $(if $(V),,@)# make V=1 shows the commands

CC       := mpicc
PACKAGES := hdf5-openmpi yaml-0.1 libpng libjpeg libxxhash zlib
# Recursive on purpose: `make setup` must work before pkg-config is there.
PACKAGE_CFLAGS = $(shell pkg-config --cflags $(PACKAGES) | sed 's/-I/-isystem /g')
PACKAGE_LIBS   = $(shell pkg-config --libs $(PACKAGES)) -ldnnl -lmatio -lgomp -lm

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Wstrict-prototypes \
            -Wmissing-prototypes -Wdouble-promotion -Wundef
# No -ffast-math: results are a contract. These two only promise that nobody looks at errno or at
# floating-point exceptions, so that loops with comparisons and square roots become vectors.
FLAGS.release := -O3 -g -DNDEBUG
FLAGS.debug   := -Og -g3
CFLAGS  = -std=c17 -D_GNU_SOURCE $(FLAGS.$(MODE)) -fno-common -ffp-contract=off \
          -fno-math-errno -fno-trapping-math $(WARNINGS) $(WERROR) \
          $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer) $(PACKAGE_CFLAGS)
CPPFLAGS = -Iinclude -Isrc -DTSL_VERSION='"$(VERSION)"' -DTSL_PREFIX='"$(PREFIX)"'
LDFLAGS = $(if $(SANITIZE),-fsanitize=$(SANITIZE))

SOURCES := $(filter-out src/cli/main.c,$(wildcard src/*/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
TESTS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c tests/team/test_*.c tests/oracle/test_*.c tests/fault/test_*.c))
BENCHES := $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/*.c))
FUZZERS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/fuzz/fuzz_*.c))
HEADERS := $(filter-out %_list.h,$(wildcard include/teasel/*.h src/*/*.h))
# Only root can use these packages; without them their tests tell so and are skipped.
CLUSTER = $(shell [ "$$(id -u)" != 0 ] || echo cluster)
C_FILES  = $(wildcard src/*/*.c src/*/*.h include/teasel/*.h tests/*/*.c tests/*/*.h bench/*.c)

.PHONY: FORCE all setup demo arcs test soak fuzz fuzzers valgrind check format headers lint bench install clean help tests
.DEFAULT_GOAL := all

all: $(BUILD)/teasel ## build the program
tests: $(TESTS)

setup: ## install what is missing with apt (Debian)
	@.ci/packages build

demo: setup ## train a small sweep and write its report (under 5 minutes)
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@.ci/demo $(BUILD)/teasel

test: ## build and run every test
	@.ci/packages build test $(CLUSTER)
	@$(MAKE) --no-print-directory -j$$(nproc) all tests
	@BUILD=$(BUILD) SANITIZE=$(SANITIZE) tests/run.sh

soak: ## kill sweeps, fill their disk, stop ranks in blocking calls, damage results, a real SLURM: for two hours
	@.ci/packages build test $(CLUSTER)
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@BUILD=$(BUILD) tests/soak/run.sh

fuzz: ## give every reader of files damaged input, half an hour of processor time each
	@.ci/packages build fuzz
	@OMPI_CC=clang-14 $(MAKE) --no-print-directory -j$$(nproc) BUILD=build/fuzz FLAGS.release="-O1 -g" \
	  SANITIZE=fuzzer-no-link,address,undefined fuzzers
	@BUILD=build/fuzz tests/fuzz/run.sh
fuzzers: $(FUZZERS) $(BUILD)/tests/fuzz/seeds

valgrind: ## run the unit tests under valgrind
	@.ci/packages build test
	@$(MAKE) --no-print-directory -j$$(nproc) MODE=debug tests
	@BUILD=build/debug .ci/valgrind

check: ## format, warnings as errors, headers alone, include order, clang-tidy, cppcheck
	@.ci/packages build check
	@$(MAKE) --no-print-directory -j$$(nproc) BUILD=build/check WERROR=-Werror all tests
	@$(MAKE) --no-print-directory headers
	clang-format-14 --dry-run --Werror $(C_FILES)
	.ci/check-layers
	@$(MAKE) --no-print-directory lint

headers: ## every header compiles alone
	@for h in $(HEADERS); do \
	  $(CC) $(CPPFLAGS) $(CFLAGS) -Werror -x c -fsyntax-only $$h || { echo "$$h does not stand alone"; exit 1; }; done

lint: ## clang-tidy and cppcheck
	@.ci/lint $(SOURCES) src/cli/main.c

format: ## rewrite the sources with clang-format
	clang-format-14 -i $(C_FILES)

bench: ## measure against the peers and write bench/results.md
	@.ci/packages build bench
	@$(MAKE) --no-print-directory -j$$(nproc) all $(BENCHES)
	@BUILD=$(BUILD) bench/run.sh

arcs: ## check the Gaussian-mixture VAE on five arcs of points (minutes)
	@.ci/packages build
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@BUILD=$(BUILD) bench/arcs.sh

install: all ## install under DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/teasel $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include/teasel
	install -m 755 $(BUILD)/teasel $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(BUILD)/libteasel.a $(DESTDIR)$(PREFIX)/lib/
	install -m 644 include/teasel/*.h $(DESTDIR)$(PREFIX)/include/teasel/
	cp -R $(wildcard jobs configs slurm) $(DESTDIR)$(PREFIX)/share/teasel/

clean: ## remove everything that was built
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

$(BUILD)/teasel: $(BUILD)/src/cli/main.o $(BUILD)/libteasel.a
	@echo "LD $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PACKAGE_LIBS)

$(BUILD)/libteasel.a: $(OBJECTS)
	@rm -f $@
	@echo "AR $@"
	$(Q)ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "CC $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# A change in the library links the tests again and compiles none.
$(BUILD)/tests/%.o: CPPFLAGS += -Itests
$(TESTS): %: %.o $(BUILD)/libteasel.a
	@echo "LD $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PACKAGE_LIBS) -lcmocka

# No reader is there, and clang takes minutes over the kernels with sanitizers in them.
build/fuzz/src/nn/%.o: override SANITIZE :=
# What HDF5 does in a copy of the process is not seen: the harnesses read in their own.
build/fuzz/%.o: CPPFLAGS += -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
# libFuzzer brings the harnesses' main.
$(FUZZERS): LDFLAGS += -fsanitize=fuzzer
$(FUZZERS) $(BUILD)/tests/fuzz/seeds: %: %.o $(BUILD)/libteasel.a
	@echo "LD $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PACKAGE_LIBS)

# Only the benchmarks use OpenBLAS, to compare with.
$(BUILD)/bench/%: bench/%.c $(BUILD)/libteasel.a
	@mkdir -p $(@D)
	@echo "CC $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< $(BUILD)/libteasel.a $(PACKAGE_LIBS) \
	  $$(pkg-config --cflags openblas | sed 's/-I/-isystem /g') $$(pkg-config --libs openblas)

# The revision is written only when it changed, so that nothing else is built again.
$(BUILD)/revision.h: FORCE
	@mkdir -p $(@D)
	@revision=$$(git describe --always --dirty 2>/dev/null || echo unknown); \
	text="#define TSL_REVISION \"$$revision\""; \
	[ "$$(cat $@ 2>/dev/null)" = "$$text" ] || echo "$$text" > $@
$(BUILD)/src/cli/version.o: $(BUILD)/revision.h
$(BUILD)/src/cli/version.o: CPPFLAGS += -include $(BUILD)/revision.h
FORCE:

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
