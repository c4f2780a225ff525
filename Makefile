# meterd. `make help` lists the targets.

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 10s
RECORDS ?= 0

.PHONY: help build run test race lint fuzz live bench bench-long microbench ci

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

build: ## build bin/meterd
	go build -trimpath -o bin/meterd ./cmd/meterd

run: ## start the sandbox on http://127.0.0.1:8421
	go run ./cmd/meterd dev

test: ## run the tests, and list at the end what could not be run
	@go test -json ./... | go run ./internal/notrun/list

race: ## run the tests with the race detector
	go test -race -count=1 $$(go list ./... | grep -v /livetest)

lint: ## gofmt, vet, staticcheck, go mod tidy
	@test -z "$$(gofmt -l .)" || { gofmt -l . ; echo 'run gofmt -w on these files' >&2; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...
	go mod tidy -diff

fuzz: ## run every fuzz target for FUZZTIME
	.ci/fuzz $(FUZZTIME)

live: ## real clients against the real binary (Node, Python, aws-cli, Java, Chromium)
	METERD_LIVE=1 go test -count=1 ./livetest/...

bench: build ## the service against this machine's ceiling (3 minutes, on a quiet machine)
	go run ./bench/compare -meterd bin/meterd -dir bin -records $(RECORDS)

bench-long: RECORDS = 20000000
bench-long: bench ## bench, and a run of 20 million records (5 minutes; RECORDS=n for another number)

microbench: ## micro-benchmarks
	go test -run '^$$' -bench . -benchmem ./...

ci: ## everything, as CI runs it (installs Debian packages)
	.ci/run
