# Pharos. `make` lists the targets. Everything a target needs is installed or built by it.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

export GOTOOLCHAIN := local
# The same flags for programs and tests, so that nothing is compiled twice.
export GOFLAGS := -buildvcs=false -trimpath
export CGO_ENABLED := 0

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
IMAGE   ?= pharos.local/pharos:dev

# Where the local clusters live; each is independent of the others.
TEST_ROOT ?= $(or $(TMPDIR),/tmp)/pharos-test
API_ROOT  ?= $(or $(TMPDIR),/tmp)/pharos-api
DEMO_ROOT ?= $(or $(TMPDIR),/tmp)/pharos-demo

CONTROLLER_GEN := go run sigs.k8s.io/controller-tools/cmd/controller-gen@v0.23.0
GOLANGCI_LINT  := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

comma := ,
api-up = bin/cluster up --parts etcd$(comma)apiserver$(comma)gitea$(comma)s3 --root $(API_ROOT)
api-down = bin/cluster down --root $(API_ROOT)

# stage runs a command and says how long it took: $(call stage,name,command)
define stage
	@echo "==> $(1)"; start=$$(date +%s); $(2); echo "<== $(1): $$(( $$(date +%s) - start )) s"
endef

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: bin/pharos ## build bin/pharos with its dashboard

.PHONY: bin/pharos bin/cluster
bin/pharos: web
	$(call stage,build pharos,go build -ldflags '$(LDFLAGS)' -o bin/pharos ./cmd/pharos)

bin/cluster:
	$(call stage,build the cluster command,cd test/cluster && go build -o ../../bin/cluster .)

WEB := pkg/dashboard/web

.PHONY: web
web: $(WEB)/dist/index.html ## build the dashboard's pages, which the binary holds

.PHONY: npm
npm:
	@command -v npm >/dev/null || { echo "--> install npm from Debian"; apt-get -o DPkg::Lock::Timeout=300 update -qq; \
	  apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends npm >/dev/null; }

$(WEB)/node_modules/.package-lock.json: $(WEB)/package-lock.json | npm
	$(call stage,fetch the dashboard's packages,npm ci --prefix $(WEB) --no-audit --no-fund --loglevel=error)

$(WEB)/dist/index.html: $(WEB)/node_modules/.package-lock.json $(WEB)/index.html $(wildcard $(WEB)/*.json $(WEB)/*.ts) \
  $(shell find $(WEB)/src $(WEB)/public -type f)
	$(call stage,build the dashboard's pages,npm run --prefix $(WEB) --silent build)

.PHONY: image
image: bin/pharos bin/cluster ## assemble bin/pharos-image.tar from Debian packages and bin/pharos
	$(call stage,assemble the image,bin/cluster image --binary bin/pharos --tag $(IMAGE) -o bin/pharos-image.tar)

.PHONY: unit
unit: web ## unit tests: no network, no cluster
	$(call stage,unit tests,go test ./pkg/... ./cmd/...)
	$(call stage,unit tests of the local cluster,cd test/cluster && go test ./...)
	$(call stage,unit tests of the dashboard's pages,npm run --prefix $(WEB) --silent check)

.PHONY: integration
integration: bin/cluster ## tests against a real API server, Gitea and S3 server, without pods
	$(call stage,start the API server with Gitea and S3,$(api-up))
	$(call stage,integration tests,trap '$(api-down)' EXIT; PHAROS_CLUSTER_STATE=$(API_ROOT)/cluster.json go test -count=1 ./test/integration/...)

.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || { echo "--> install Chromium from Debian"; apt-get -o DPkg::Lock::Timeout=300 update -qq; \
	  apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends chromium >/dev/null; }

.PHONY: e2e
e2e: cluster chromium ## end-to-end tests on the local cluster, the browser's among them
	$(call stage,end-to-end tests,PHAROS_CLUSTER_STATE=$(TEST_ROOT)/cluster.json PHAROS_IMAGE=$(IMAGE) go test -count=1 -timeout 30m -parallel 3 ./test/e2e/...)

.PHONY: cluster
cluster: bin/pharos bin/cluster image ## start the local cluster that e2e and bench use
	$(call stage,start the local cluster,bin/cluster up --parts all --root $(TEST_ROOT))
	$(call stage,load the image,bin/cluster load-image bin/pharos-image.tar --root $(TEST_ROOT))

.PHONY: cluster-down
cluster-down: bin/cluster ## stop that cluster and remove everything of it
	bin/cluster down --root $(TEST_ROOT)

.PHONY: test
test: ## every test: unit, vendors, integration, end to end; prints what each stage took
	@start=$$(date +%s); trap '$(MAKE) --no-print-directory cluster-down' EXIT; \
	$(MAKE) --no-print-directory unit vendors integration e2e; \
	echo "all tests passed in $$(( $$(date +%s) - start )) s"

.PHONY: specs
specs: ## fetch the documents that vendors publish of their APIs, into a cache outside the repository
	$(call stage,fetch the vendors' documents,test/vendors/specs.sh)

.PHONY: vendors
vendors: specs ## hold drivers and simulator to the vendors' own documents and clients
	$(call stage,tests against the vendors' documents,cd test/vendors && go test ./...)

.PHONY: bench
bench: bin/pharos bin/cluster ## benchmarks against a real API server, Gitea and S3; the figures go to standard output
	$(call stage,micro benchmarks,go test -run '^$$' -bench . -benchmem ./pkg/... ./test/bench)
	$(call stage,start the API server with Gitea and S3,$(api-up))
	$(call stage,whole-process benchmarks,trap '$(api-down)' EXIT; PHAROS_CLUSTER_STATE=$(API_ROOT)/cluster.json go test -count=1 -v -timeout 30m ./test/bench/...)

.PHONY: fuzz
FUZZTIME ?= 1m
fuzz: ## fuzz every parser for FUZZTIME each
	@for pkg in $$(grep -rl --include=*_test.go '^func Fuzz' pkg | xargs -n1 dirname | sort -u); do \
	  for f in $$(grep -ho 'func Fuzz[A-Za-z0-9_]*' $$pkg/*_test.go | cut -d' ' -f2); do \
	    echo "==> fuzz $$pkg $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) ./$$pkg; done; done

.PHONY: lint
lint: ## static analysis
	$(call stage,lint,$(GOLANGCI_LINT) run ./...)
	$(call stage,lint the local cluster,cd test/cluster && $(GOLANGCI_LINT) run --config ../../.golangci.yml ./...)
	$(call stage,lint the tests against vendors,cd test/vendors && $(GOLANGCI_LINT) run --config ../../.golangci.yml ./...)

.PHONY: fmt
fmt: ## format the code
	$(GOLANGCI_LINT) fmt ./...

.PHONY: generate
generate: ## generate deep copies and crds/
	$(CONTROLLER_GEN) object paths=./pkg/apis/... crd:maxDescLen=2048 output:crd:dir=crds

.PHONY: verify
verify: generate lint ## generated files are current, lint is clean, imports follow the map
	$(call stage,generated files are committed,git diff --exit-code -- crds pkg/apis)
	$(call stage,imports follow pkg/doc.go,go test ./pkg)

.PHONY: demo
demo: ## everything on this machine, with a pull request that runs; Ctrl-C or make demo-down ends it
	@$(MAKE) --no-print-directory bin/pharos bin/cluster
	@PHAROS_IMAGE=$(IMAGE) DEMO_ROOT=$(DEMO_ROOT) go run ./test/demo --root $(DEMO_ROOT) $(if $(KUBECONFIG),--kubeconfig $(KUBECONFIG)) $(if $(FORGE),--forge $(FORGE))

.PHONY: demo-down
demo-down: bin/cluster ## end the demo and remove everything of it
	@go run ./test/demo --root $(DEMO_ROOT) --down

