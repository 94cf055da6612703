# Everything one types to run, test and tune the chatbot; `make` alone lists it.
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 7860
CHATBOT_HOME ?= .chatbot
ARGS ?=
FOLDERS ?=
ifndef DEVICE
DEVICE := $(shell nvidia-smi >/dev/null 2>&1 && echo gpu || echo cpu)
endif

REDACTION := --redaction examples/redaction.toml
LOGS := --logs examples/logs/tickets.csv --logs examples/logs/chats.jsonl $(REDACTION)

BIN := .venv/bin
APP := .venv/.installed-app-$(DEVICE)
TRAIN := .venv/.installed-train-$(DEVICE)
DEV := .venv/.installed-dev-$(DEVICE)
VLLM := .venv-vllm/.installed-vllm-$(DEVICE)
ENVIRONMENT := @command -v $(PYTHON) >/dev/null || \
	{ echo "make: there is no $(PYTHON); install Python 3.11 or newer (apt install python3 python3-venv)." >&2; exit 1; }; \
	exec $(PYTHON) requirements/environment.py
export CHATBOT_HOME

.DEFAULT_GOAL := help
.PHONY: help install run ingest finetune evaluate bench vllm test test-fast lint format rooms lock audit clean

help:  ## list these commands
	@sed -n 's/^\([a-z-]*\):.*  ## /\1|/p' Makefile | while IFS='|' read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

install: $(APP)  ## make the environment .venv (a minute or two; DEVICE=cpu leaves a GPU aside)

run: $(CHATBOT_HOME)/index/CURRENT  ## start the chatbot on http://127.0.0.1:7860 (PORT=8000 for another port)
	@exec $(BIN)/chatbot serve --port $(PORT) $(ARGS)

ingest: $(APP)  ## read examples/articles into the index; again after the articles changed
	@$(BIN)/chatbot ingest examples/articles $(LOGS) $(ARGS)

finetune: $(TRAIN) $(CHATBOT_HOME)/index/CURRENT  ## tune the model on examples/logs
	@$(BIN)/chatbot finetune examples/logs/* $(REDACTION) $(ARGS)

evaluate: $(TRAIN) $(CHATBOT_HOME)/index/CURRENT  ## measure the answers to examples/questions.jsonl
	@$(BIN)/chatbot evaluate examples/questions.jsonl $(ARGS)

bench: $(TRAIN)  ## measure the search on FOLDERS="..." with the files of BEIR
	@[ -n "$(FOLDERS)" ] || { echo 'make: name the folders to measure, for example `make bench FOLDERS=path/to/set`.' >&2; exit 2; }
	@$(BIN)/chatbot evaluate retrieval $(FOLDERS) $(ARGS)

vllm: $(VLLM)  ## install vLLM in its own environment .venv-vllm

test: $(DEV)  ## run every test (needs no network; without .venv-vllm or Chromium their tests are skipped)
	@HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-fast: $(DEV)  ## run the tests that need no model, vLLM or browser
	@HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -n 2 -m "not slow and not vllm and not browser" $(ARGS)

lint: $(DEV)  ## check style and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

format: $(DEV)  ## rewrite the code in the project's style
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

rooms: $(DEV)  ## rewrite the list of rooms in docs/architecture.md
	@$(BIN)/python -m tests.house

lock: $(DEV)  ## resolve the newest versions into requirements/
	@requirements/lock.sh $(BIN)/uv

audit: $(DEV)  ## look the locked packages up in the list of known vulnerabilities (needs its service)
	@$(BIN)/pip-audit --strict --disable-pip --progress-spinner off $(foreach lock,$(DEVICE) train dev,-r requirements/$(lock).txt)

clean:  ## remove the environments and caches; .chatbot, with its conversations, stays
	@rm -rf .venv .venv-vllm build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(APP): requirements/$(DEVICE).txt pyproject.toml requirements/environment.py
	$(ENVIRONMENT) app .venv $(DEVICE)

$(TRAIN): requirements/$(DEVICE).txt requirements/train.txt pyproject.toml requirements/environment.py
	$(ENVIRONMENT) train .venv $(DEVICE)

$(DEV): requirements/$(DEVICE).txt requirements/train.txt requirements/dev.txt pyproject.toml requirements/environment.py
	$(ENVIRONMENT) dev .venv $(DEVICE)

$(VLLM): requirements/vllm-$(DEVICE).txt requirements/environment.py
	$(ENVIRONMENT) vllm .venv-vllm $(DEVICE)

$(CHATBOT_HOME)/index/CURRENT: | $(APP)
	@$(BIN)/chatbot ingest examples/articles $(LOGS)
