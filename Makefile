# Two commands to start with: `make demo` and `make test`. The rest is what they are made of.
SHELL := /bin/bash
NODE24 := $(CURDIR)/tools/node24/node_modules/.bin
export PATH := $(NODE24):$(PATH)
export npm_config_fund := false
export npm_config_audit := false
export npm_config_update_notifier := false

NAME ?= dev
SIZE ?=
IMAGE ?=

.PHONY: help setup build check demo test test-unit test-cluster test-interop test-node bench cluster-up cluster-down crds spec-coverage clean

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

tools/node24/node_modules/.package-lock.json: tools/node24/package-lock.json
	cd tools/node24 && npm ci --silent && touch node_modules/.package-lock.json

node_modules/.package-lock.json: package-lock.json tools/node24/node_modules/.package-lock.json
	npm ci --silent && touch node_modules/.package-lock.json

setup: node_modules/.package-lock.json ## Install the pinned Node.js and the packages

build: setup ## Bundle the program into dist/
	@node scripts/build.ts

check: setup ## Formatting, types, lint, import directions, dead code
	@npm run --silent check

demo: build ## Back up a namespace of a real cluster, lose it, restore it (KUBECONFIG=… uses yours, IMAGE=… its pods' image)
	@node dev/demo/main.ts $(if $(filter command line,$(origin KUBECONFIG)),--kubeconfig "$(KUBECONFIG)") $(if $(IMAGE),--image $(IMAGE))

test: build check ## All tests: unit, cluster, interop with the real Velero, node
	@node scripts/test.ts

test-unit: setup ## Tests beside the source, in seconds
	@node scripts/test.ts unit

test-cluster: build ## Tests on a real API server and object store
	@node scripts/test.ts cluster

test-interop: build ## The real Velero 1.14.1 and ours on one bucket and one cluster
	@node scripts/test.ts interop

test-node: build ## Tests with kubelet, containerd and real pods
	@node scripts/test.ts node

bench: build ## Ours against the real Velero and the raw API server (SIZE=300000 for the large run)
	@node bench/main.ts $(if $(SIZE),--size $(SIZE))

cluster-up: setup ## Start the development cluster (NAME=dev, NODE=1 adds kubelet and containerd)
	@node dev/cluster/cli.ts up --name $(NAME) $(if $(NODE),--node)

cluster-down: setup ## Stop it and clean up
	@node dev/cluster/cli.ts down --name $(NAME)

crds: setup ## Write deploy/crds from the schemas in src/api
	@node scripts/crds.ts

spec-coverage: setup ## Which requirements have no test
	@npm run --silent spec:coverage

clean: ## Remove what was built here (the shared cache of programs stays)
	rm -rf dist node_modules tools/node24/node_modules
