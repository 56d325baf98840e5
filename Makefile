# Every target sets up what it needs. `make book` and `make test` are all that a newcomer has to know.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BUILD := $(BIN)/jupyter-book build . --toc book/_toc.yml --path-output book -W -n --keep-going

.PHONY: book site check pdf worksheet install test lint study measure pins clean help

book: install ## Fetch MNIST, rerun a small study here, build the site from the published results
	$(BIN)/s6 data
	$(BIN)/s6 run smoke --results results/yours
	@$(MAKE) --no-print-directory site

site: install ## Build the site only
	@$(BIN)/python .ci/address.py
	$(BUILD)
	@cp book/_build/figures/fig-headline-light.svg book/_build/figures/fig-headline-dark.svg book/ # for the README
	@echo "The book: file://$(CURDIR)/book/_build/html/index.html"

check: install ## Check the built site in a browser: accessibility, weight, search, links
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 tests/browser/built_site.py

pdf: install ## Print the whole book as one PDF, through a browser
	$(BUILD) --builder singlehtml
	$(BIN)/python book/_scripts/pdf.py book/_build/singlehtml/index.html book/_build/book.pdf
	@echo "The book on paper: file://$(CURDIR)/book/_build/book.pdf"

worksheet: site ## Print the worksheet and the key of the lesson as PDFs
	for page in worksheet answers; do \
		$(BIN)/python book/_scripts/pdf.py book/_build/html/book/receptive/$$page.html book/_build/$$page.pdf || exit 1; done

install: $(INSTALLED) ## Create .venv and install everything into it

$(INSTALLED): pyproject.toml .ci/constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit(f"Python 3.11 or newer is needed; $(PYTHON) is {v[0]}.{v[1]}. Name another one: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt -e ".[book,dev,jupyter]"
	@touch $@

test: install ## Run the tests (offline but for installation and data)
	$(BIN)/s6 data
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: install ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

study: install ## Train what is missing of the published study (hours on a CPU, minutes on a GPU)
	$(BIN)/s6 run reference
	$(BIN)/s6 run ablations
	$(BIN)/s6 run learning-rates
	@$(MAKE) --no-print-directory measure

measure: install ## Measure the trained nets for the chapters: receptive fields, what goes on inside, evidence
	for name in receptive nets inside evidence variance pushes; do $(BIN)/s6 measure $$name || exit 1; done

pins: ## Renew the exact versions of .ci/constraints.txt, in an environment that is thrown away
	rm -rf build/pins && $(PYTHON) -m venv build/pins
	build/pins/bin/python -m pip install --quiet --disable-pip-version-check ".[book,dev,jupyter]"
	{ head -n 1 .ci/constraints.txt; build/pins/bin/python -m pip freeze --exclude s6core; } > build/constraints.txt
	mv build/constraints.txt .ci/constraints.txt && rm -rf build/pins

clean: ## Remove what was built; results and downloaded data stay
	rm -rf book/_build build

help: ## Say what each target does
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' Makefile | column -t -s '|'
