# Everything a developer types. Needs Go and git; modules come from the Go
# module proxy on first use.

# The scenario that `make run` runs; see `make build && bin/kafkasim list`.
SCENARIO ?= leader-crash-acks-1
# How long each fuzz target runs in `make fuzz`.
FUZZTIME ?= 30s
# Which benchmarks `make bench` runs, as a regular expression.
BENCH ?= .
# Which Kafka `make kafka-image` builds an image of: 4.0.2, 4.1.2, 4.2.1, 4.3.1.
KAFKA_VERSION ?= 4.3.1

LINT := go tool -modfile=.tools/lint/go.mod golangci-lint

.DEFAULT_GOAL := help
.PHONY: help run build test lint fmt bench fuzz golden kafka-image verify accuracy

help: ## print this help
	@echo 'usage: make TARGET'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build, then run the default scenario and write its report (SCENARIO=NAME for another)
	@mkdir -p out
	@bin/kafkasim run $(SCENARIO) --report out/report.html

build: ## build bin/kafkasim
	@go build -o bin/kafkasim ./cmd/kafkasim

test: ## run all tests
	go test -timeout 40m ./...

lint: ## check the house rules (the first time builds the linter: a few minutes)
	$(LINT) run ./...

fmt: ## format the code
	$(LINT) fmt ./...

bench: ## benchmark the engine and the batch plane (BENCH=REGEXP for some)
	go test -run '^$$' -bench '$(BENCH)' -benchmem ./sim/... ./models/...

fuzz: ## fuzz each target for FUZZTIME (30s)
	@grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sort | \
	while IFS=: read -r file func; do \
		echo "$${file%/*} $${func#func }"; \
		go test -run '^$$' -fuzz "^$${func#func }\$$" -fuzztime '$(FUZZTIME)' "$${file%/*}" || exit 1; \
	done

golden: ## write the golden files again; then read the diff
	@scripted=$$(go list -f '{{join .TestImports " "}} {{join .XTestImports " "}} {{.ImportPath}}' ./... | awk '/cockroachdb\/datadriven/ { print $$NF }'); \
	GOLDEN=update go test $$(go list ./... | grep -vxF "$$scripted") && \
	{ [ -z "$$scripted" ] || GOLDEN=update go test $$scripted -rewrite; }
	@git diff --stat

kafka-image: ## build the image that real Kafka runs from (KAFKA_VERSION=4.3.1; root on Debian)
	@harness/image/build.sh '$(KAFKA_VERSION)'

verify: build ## verify six scenarios twice each on real Kafka (about 16 minutes)
	@mkdir -p out/verify
	bin/kafkasim verify --suite short --repetitions 2 --json out/verify/verification.json --report out/verify/report.html --plots out/verify --keep out/verify

accuracy: build ## the accuracy study: all of scenarios/verify on real Kafka (hours)
	@mkdir -p out/accuracy
	bin/kafkasim verify --suite all --repetitions 5 --json out/accuracy/verification.json --report out/accuracy/report.html --plots out/accuracy --keep out/accuracy
