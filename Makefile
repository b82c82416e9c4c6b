# Short names for the commands of README.md and CONTRIBUTING.md.
.PHONY: help run pages crash build test race lint fuzz bench samples ci

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-9s%s\n", $$1, $$2 }' Makefile

run: ## serve the web chat
	go run ./cmd/faqbot serve

pages: ## build the pages of chat and console from their sources, with npm
	cd channels/webchat/ui && npm ci --no-audit --no-fund && npm run build
	cd channels/console/ui && npm ci --no-audit --no-fund && npm run api && npm run build

crash: ## kill the server 200 times and check what its visitors were promised
	go run ./cmd/crashtest

build: ## a static binary, ./faqbot
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o faqbot ./cmd/faqbot

test: ## the tests; those with PostgreSQL need FAQBOT_TEST_POSTGRES
	go test ./...

race: ## the tests with the race detector
	go test -race ./...

lint: ## vet, gofmt, staticcheck
	.ci/run vet lint

fuzz: ## every fuzz target for some seconds
	.ci/run fuzz

bench: ## the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

samples: ## write the .xlsx and .csv of testdata again, from the .jsonl
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && go build -o "$$dir/faqbot" ./cmd/faqbot && \
	for kb in testdata/*.kb.jsonl; do \
	  db=$$dir/$$(basename "$$kb").db && "$$dir/faqbot" import --db "$$db" "$$kb" && \
	  "$$dir/faqbot" export --db "$$db" "$${kb%.jsonl}.xlsx" && "$$dir/faqbot" export --db "$$db" "$${kb%.jsonl}.csv" || exit 1; \
	done

ci: ## all that CI does
	.ci/run
