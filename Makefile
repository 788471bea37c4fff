# Martlet's commands. Each sets up what it needs: the Python environment in .venv, the Swift core in
# .build, and with apt-get, where it may, what the machine lacks.
#
#   make demo     train on handwritten digits and draw the result
#   make test     Swift, Python and C tests, and the examples
#   make examples     the same program in C, C++, Rust and other languages, whose results are compared
#   make pages    brings docs/ up to date with the header and the examples
#   make install  the C library, in PREFIX=/usr/local; `make uninstall` takes it away
#   make lint     ruff, mypy and swift-format
#   make bench    against other frameworks (see benchmarks/), with options in BENCH="--quick"
#   make bench-peers  installs those frameworks, in .venv-peers (gigabytes)
#   make nightly  the tests that take minutes
#   make sanitize the C programs with sanitizers and valgrind; a part of nightly
#   make docs-swift  the documentation of the Swift interface, in build/Martlet.doccarchive
#   make wheel    the wheel, in dist/
#   make clean    remove everything that was built

PYTHON ?= python3
SWIFT ?= swift
CC := $(or $(shell command -v $(CC)),$(shell command -v gcc),$(shell command -v clang))
VENV := .venv
RUN := $(VENV)/bin/python
# Long output is kept for when something fails.
PIP := $(VENV)/bin/pip --disable-pip-version-check --quiet

# Where `make install` puts the library, and the built library, if there is one already.
PREFIX ?= /usr/local
LIBDIR ?= lib
DESTDIR ?=
MARTLET_LIBRARY ?=
CORE := $(or $(MARTLET_LIBRARY),.build/release/libmartlet-c.so)
INSTALL := PREFIX="$(PREFIX)" LIBDIR="$(LIBDIR)" DESTDIR="$(DESTDIR)" tools/install.sh

.PHONY: demo test test-swift test-python test-c test-examples sanitize nightly lint format examples \
  examples-swift pages docs-swift bench bench-peers wheel build library install uninstall clean

demo: build $(VENV)/plot
	$(RUN) examples/demo.py

test: test-swift test-c test-examples test-python

# Tests are compiled with other flags: a folder of their own keeps the library's build valid. One
# after the other, because seeds and the number of threads are settings of the whole process.
test-swift: $(VENV)/machine
	$(SWIFT) test -c release --scratch-path .build/test --no-parallel

test-python: build $(VENV)/test
	KERAS_BACKEND=jax $(RUN) -m pytest -m "not nightly" -n 2 --dist worksteal

# A program that ends well, one for the rules of threads, and nonsense from a fuzzer; what programs rely
# on, and what is installed.
test-c: build $(VENV)/languages
	sh Tests/kernel-symbols.sh .build/release
	@mkdir -p build
	$(RUN) tools/statuses.py >build/statuses.h
	@for program in train threads fuzz; do \
	  $(CC) -std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -pedantic -Werror -ISources/CMartlet/include -Ibuild \
	    Tests/C/$$program.c -o build/$$program -Lbuild/native -lmartlet -lm -lpthread \
	    -Wl,-rpath,$(CURDIR)/python/martlet || exit 1; \
	done
	build/train
	build/threads
	cd build && ./fuzz ../Tests/C/corpus 3000
	CC="$(CC)" sh Tests/abi.sh $(CORE)
	CC="$(CC)" PYTHON=$(RUN) sh Tests/install.sh $(CORE)

test-examples: examples

examples: build $(VENV)/languages
	CC="$(CC)" SWIFT="$(SWIFT)" $(RUN) Tests/examples.py $(CORE)

# The same programs on libraries that watch every access, and under valgrind.
sanitize: test-c
	sh Tests/sanitizers.sh

nightly: build $(VENV)/test sanitize examples-swift docs-swift
	KERAS_BACKEND=jax $(RUN) -m pytest -m nightly
	SWIFT="$(SWIFT)" sh Tests/swift-package.sh

# Fails for links that lead nowhere and parameters that are not there.
docs-swift: $(VENV)/machine
	$(SWIFT) build -c release --target Martlet
	SWIFT="$(SWIFT)" tools/swift_docs.sh .build/release build/Martlet.doccarchive

lint: $(VENV)/test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(SWIFT) format lint --strict --recursive Sources Tests Package.swift

format: $(VENV)/test
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .
	$(SWIFT) format --in-place --recursive Sources Tests Package.swift

pages: $(VENV)/base
	$(RUN) tools/pages.py

# The program in Swift as a package of its own; the whole library is compiled once more for it.
examples-swift: build
	SWIFT="$(SWIFT)" $(RUN) Tests/examples.py $(CORE) Python SwiftPM

bench: build $(VENV)/plot
	$(RUN) benchmarks/compare.py $(BENCH)

bench-peers:
	$(PYTHON) -m venv $(VENV)-peers
	$(VENV)-peers/bin/pip install tensorflow-cpu keras jax torch onnx onnxruntime openvino

wheel: $(VENV)/base
	$(PIP) install build
	$(RUN) -m build --wheel

# Swift and the C compiler find out by themselves what has changed.
build: $(VENV)/base
	$(RUN) setup.py --quiet build_ext --inplace

library:
	@[ -n "$(MARTLET_LIBRARY)" ] || $(SWIFT) build -c release --product martlet-c

install: library
	@$(INSTALL) install $(CORE)

uninstall:
	@$(INSTALL) uninstall

$(VENV)/machine: tools/set_up.sh
	@PYTHON="$(PYTHON)" SWIFT="$(SWIFT)" tools/set_up.sh
	@mkdir -p $(VENV) && touch $@

$(VENV)/base: $(VENV)/machine pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install "setuptools>=77" "cffi>=1.15" "numpy>=1.24"
	@# The package is used where it stands; `build` brings its native half up to date.
	@echo "$(CURDIR)/python" > "$$($(RUN) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/martlet.pth"
	@touch $@

$(VENV)/languages: tools/set_up_languages.sh $(VENV)/machine
	@tools/set_up_languages.sh
	@touch $@

$(VENV)/plot: $(VENV)/base
	$(PIP) install matplotlib
	@touch $@

$(VENV)/test: $(VENV)/base pyproject.toml
	$(PIP) install $$($(RUN) tools/requirements.py test)
	@touch $@

clean:
	rm -rf .build .venv build dist demo python/*.egg-info
	rm -f python/martlet/*.so python/martlet/*.so.*
