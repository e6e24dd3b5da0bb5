# make run: the portal with its demo.  make test: every test.  Both set themselves up first.
# make test-long: what make test plays briefly or tells on one database, whole; takes an hour or two.

PORT ?= 8000

.PHONY: run test test-long lint bench lock

run:
	@sh .ci/system run
	@sh .ci/venv requirements.txt
	@SIMULATION=1 LOG_LEVEL=$${LOG_LEVEL:-WARNING} PUBLIC_URL=$${PUBLIC_URL:-http://127.0.0.1:$(PORT)} \
		exec .venv/bin/python -u manage.py run_demo --port $(PORT)

test:
	@sh .ci/system test
	@sh .ci/venv requirements-dev.txt
	@sh .ci/test $(PYTEST)

test-long:
	@sh .ci/system test
	@sh .ci/venv requirements-dev.txt
	@LONG=1 sh .ci/test -n 0 -s -m "long or browser" $(PYTEST)

lint:
	@sh .ci/system test
	@sh .ci/venv requirements-dev.txt
	@sh .ci/lint

bench:
	@sh .ci/system test
	@sh .ci/venv requirements-dev.txt
	@sh .ci/bench

# Takes up newer versions: then run the tests and commit both files. Needs uv (pip install uv).
lock:
	uv pip compile pyproject.toml --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --quiet -o requirements.txt
	uv pip compile pyproject.toml --upgrade --universal --python-version 3.11 --extra dev \
		-c requirements.txt \
		--generate-hashes --no-header --no-annotate --quiet -o requirements-dev.txt
