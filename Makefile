# meterd. `make help` lists the targets.

SHELL = bash -o pipefail

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 10s
RECORDS ?= 0
FLIPS ?= 2000
SEED ?= $(shell date +%s)

.PHONY: help build run test race lint fuzz live crash flip import-crash outbox-crash seller-crash seller-simulation bench bench-long bench-pg microbench ci

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

build: ## build bin/meterd
	go build -trimpath -o bin/meterd ./cmd/meterd

run: ## start the sandbox on http://127.0.0.1:8421
	go run ./cmd/meterd dev

test: ## run the tests, and list at the end what could not be run
	@go test -json ./... | go run ./internal/notrun/list

race: ## run the tests with the race detector
	go test -race -count=1 $$(go list ./... | grep -vE '/(livetest|crashtest|examples)')

lint: ## gofmt, vet, staticcheck, go mod tidy
	@test -z "$$(gofmt -l .)" || { gofmt -l . ; echo 'run gofmt -w on these files' >&2; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...
	go mod tidy -diff

import-crash: ROUNDS ?= 100
import-crash: ## ROUNDS of kill -9 and SIGTERM in the middle of imports
	go test -count=$(ROUNDS) -timeout 0 -run 'TestKilledImport|TestInterruptedImport' ./cmd/meterd

outbox-crash: ROUNDS ?= 1000
outbox-crash: ## ROUNDS of power cuts and of kill -9 against the outbox
	go test -count=1 -timeout 0 -v -run 'TestModel$$|TestKill$$' ./internal/outbox -rounds $(ROUNDS) | grep -v seed=

seller-crash: ROUNDS ?= 1000
seller-crash: ## kill -9 agent and service ROUNDS times, nightly 1000 (8 minutes), and look for every unit
	go test -count=1 -timeout 0 -v -run 'TestCrash$$' ./sellertest -rounds $(ROUNDS) -seed $(SEED) | grep -vE '^( +---|===)'

seller-simulation: WORLDS ?= 1000
seller-simulation: ## the same in one process: WORLDS of ten rounds each, nightly 1000 (5 minutes)
	go test -count=1 -timeout 0 -v -run 'TestSimulation$$' ./sellertest -worlds $(WORLDS) -seed $(SEED) | grep -vE '^( +---|===)'

fuzz: ## run every fuzz target for FUZZTIME
	.ci/fuzz $(FUZZTIME)

live: ## real clients against the real binary (Node, Python, aws-cli, Java, Chromium)
	METERD_LIVE=1 go test -count=1 ./livetest/...

crash: ROUNDS ?= 200
crash: ## kill -9 the service under load ROUNDS times, nightly 200, and look for all it answered
	go test -count=1 -v -timeout 0 -run '^TestKilledUnderLoad$$' ./crashtest -rounds=$(ROUNDS) -seed=$(SEED)

flip: ## flip FLIPS bits of a ledger, one at a time, and have check find each
	go test -count=1 -v -timeout 0 -run FlippedByte ./internal/check -flips=$(FLIPS)

bench: build ## the service against this machine's ceiling (3 minutes, on a quiet machine)
	go run ./bench/compare -meterd bin/meterd -dir bin -records $(RECORDS)

bench-long: ## bench, and a run of 20 million records
	$(MAKE) bench RECORDS=20000000

bench-pg: ## 1 to 3 replicas on PostgreSQL against a bare program (2 minutes, needs PostgreSQL 15)
	CI=true go test -run '^$$' -bench AgainstBare -benchtime 5x ./internal/store/pgstore
	CI=true go test -run '^$$' -bench Replicas -benchtime 1x ./cmd/meterd

microbench: ## micro-benchmarks
	go test -run '^$$' -bench . -benchmem ./...

ci: ## everything, as CI runs it (installs Debian packages)
	.ci/run
