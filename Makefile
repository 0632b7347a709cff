# Every command of the project. Each makes .venv first, if it is not there.

# Passed on: make run ARGS="--days FOLDER", make test ARGS="tests/test_install.py -k uv"
ARGS ?=

BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run up down status test test-cluster lint format evaluate likeness bench requirements clean env env-dev
.PHONY: kind kind-cluster kind-argo kind-images kind-chart kind-workflows kind-down

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: env ## Set up, run the whole pipeline here, print the summary and where the report is (ARGS: see journey run --help)
	@$(BIN)/journey run $(ARGS)

up: env ## Start the BigQuery emulator and PostgreSQL alone
	@$(BIN)/journey up $(ARGS)

down: env ## Stop them
	@$(BIN)/journey down $(ARGS)

status: env ## Say what runs
	@$(BIN)/journey status $(ARGS)

test: env-dev ## Run all tests, fast ones first (ARGS: pytest's own)
	@$(BIN)/pytest $(ARGS)

test-cluster: env-dev ## Run the tests that need the cluster of the current kube context (ARGS: pytest's own)
	@$(BIN)/pytest -m cluster tests/cluster $(ARGS)

lint: env-dev ## Run all linters
	@.ci/lint

format: env-dev ## Put Python and SQL into shape
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format
	@$(BIN)/sqlfluff fix --quiet dbt

evaluate: env ## Judge the reconciliation on shops whose answers are known, five seeds; exit 1 below a bar (ARGS: --help lists them)
	@$(BIN)/python -m evaluation $(ARGS)

likeness: env-dev ## Say how well made-up days can be told from real ones; exit 1 if too well (ARGS="--days FOLDER")
	@$(BIN)/python -m evaluation.likeness $(ARGS)

bench: env-dev ## Measure speed and memory, ratios within one run (not part of the tests)
	@$(BIN)/python -m benchmarks $(ARGS)

requirements: env-dev ## Write requirements/*.txt from pyproject.toml (ARGS=--upgrade: take the newest)
	@requirements/compile.sh $(ARGS)

clean: env ## Stop the services; remove the local state and the caches (.venv stays)
	@$(BIN)/journey down
	rm -rf .journey .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache dbt/target dbt/logs logs

# --- Kubernetes: a cluster of kind with everything in it. Each target may be run again, and then changes what differs.

CLUSTER := customer-journey
NAMESPACE := customer-journey
KUBECTL := kubectl --context kind-$(CLUSTER)
# Images are built from a revision and named after it.
TAG ?= $(shell git describe --always --dirty --abbrev=12)
IMAGES := $(addprefix customer-journey/,synth load-ga4 load-backend dbt report bigquery-emulator)
OTHERS_IMAGES := postgres:18 versity/versitygw:v1.8.0
ARGO_VERSION ?= v4.0.5
# A URL, a file, or a folder with a kustomization; `present`: Argo is on the cluster already.
ARGO_MANIFEST ?= https://github.com/argoproj/argo-workflows/releases/download/$(ARGO_VERSION)/install.yaml
# Passed on to helm: make kind-chart HELM_ARGS="--set source.scale=0.2"
HELM_ARGS ?=

# $(call need,PROGRAMS): stop in one sentence if one of them is missing
define need
@for program in $(1); do command -v $$program >/dev/null || \
	{ echo "make $@ needs $$program, which is not on the PATH: install it (docs/kubernetes.md)" >&2; exit 2; }; done
endef
# or docker does not answer
define need_docker
@docker version >/dev/null 2>&1 || \
	{ echo "make $@ needs docker, which does not answer: start it, or see what 'docker version' says" >&2; exit 2; }
endef
# or the cluster does not
define need_cluster
@$(KUBECTL) version >/dev/null 2>&1 || \
	{ echo "make $@ needs the cluster $(CLUSTER), which does not answer: run make kind-cluster" >&2; exit 2; }
endef

.NOTPARALLEL: kind
kind: kind-cluster kind-argo kind-images kind-chart kind-workflows ## All of it on a kind cluster: make the cluster, then the steps below
	@echo "Ready. Start a run: journey submit --watch. Argo's UI: http://localhost:2746"

kind-cluster: ## 1 of 5: a kind cluster, unless it is there
	$(call need,docker kind kubectl)
	$(need_docker)
	@mkdir -p .journey/days
	@if kind get clusters 2>/dev/null | grep -qx $(CLUSTER); then \
		echo "kind-cluster: $(CLUSTER) is there"; kind export kubeconfig --name $(CLUSTER); \
	else \
		echo "kind-cluster: making $(CLUSTER), waiting for its node (at most 3 minutes)"; \
		kind create cluster --config kind-config.yaml --wait 180s; \
	fi

kind-argo: ## 2 of 5: Argo Workflows (ARGO_MANIFEST: a local copy, or `present`)
	$(call need,kubectl)
	$(need_cluster)
ifeq ($(ARGO_MANIFEST),present)
	@$(KUBECTL) -n argo get deployment/workflow-controller deployment/argo-server >/dev/null || \
		{ echo "make $@: ARGO_MANIFEST is present, but there is no Argo in namespace argo" >&2; exit 2; }
else
	@$(KUBECTL) create namespace argo --dry-run=client -o yaml | $(KUBECTL) apply --server-side -f -
	@# what was installed is noted: to apply it again would undo kind-argo.yaml and restart everything
	@if [ "$$($(KUBECTL) get namespace argo -o jsonpath='{.metadata.annotations.manifest}')" != '$(ARGO_MANIFEST)' ]; then \
		echo "kind-argo: applying $(ARGO_MANIFEST)"; \
		$(KUBECTL) apply --server-side --force-conflicts -n argo \
			$(if $(wildcard $(ARGO_MANIFEST)/kustomization.yaml),-k,-f) '$(ARGO_MANIFEST)' && \
		$(KUBECTL) annotate --overwrite namespace argo manifest='$(ARGO_MANIFEST)'; \
	fi
endif
	@$(KUBECTL) apply --server-side --force-conflicts --field-manager=customer-journey -f kind-argo.yaml
	@echo "kind-argo: waiting for Argo's controller and server (at most 5 minutes)"
	@$(KUBECTL) -n argo rollout status --timeout=300s deployment/workflow-controller deployment/argo-server

kind-images: ## 3 of 5: our images built and loaded, those of others too
	$(call need,git docker kind)
	$(need_docker)
	$(need_cluster)
	@echo "kind-images: building $(TAG)"
	@TAG=$(TAG) docker buildx bake --load
	@for image in $(OTHERS_IMAGES); do docker image inspect $$image >/dev/null 2>&1 || docker pull $$image || exit; done
	@echo "kind-images: loading them into the cluster"
	@kind load docker-image --name $(CLUSTER) $(addsuffix :$(TAG),$(IMAGES)) $(OTHERS_IMAGES)

kind-chart: ## 4 of 5: the chart, in a namespace where Pod Security `restricted` is enforced (HELM_ARGS)
	$(call need,helm kubectl)
	$(need_cluster)
	@$(KUBECTL) create namespace $(NAMESPACE) --dry-run=client -o yaml | $(KUBECTL) apply --server-side -f -
	@$(KUBECTL) label --overwrite namespace $(NAMESPACE) pod-security.kubernetes.io/enforce=restricted
	@echo "kind-chart: installing, waiting for the services and for the source to be filled (at most 15 minutes)"
	@helm upgrade --install customer-journey charts/customer-journey --kube-context kind-$(CLUSTER) -n $(NAMESPACE) \
		-f charts/customer-journey/ci/kind-values.yaml --set-string image.tag=$(TAG) \
		--wait --wait-for-jobs --timeout 15m $(HELM_ARGS)

kind-workflows: env ## 5 of 5: the workflow and its schedule
	$(need_cluster)
	@$(BIN)/journey apply --context kind-$(CLUSTER) --namespace $(NAMESPACE)

kind-down: ## Delete the cluster and all that is in it
	$(call need,docker kind)
	$(need_docker)
	@kind delete cluster --name $(CLUSTER)

env:
	@requirements/install.sh local

env-dev:
	@requirements/install.sh dev
