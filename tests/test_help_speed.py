"""`chatbot --help` answers at once: it loads none of the libraries that take seconds to import."""

import os
import resource
import subprocess
import sys

HEAVY = {
    "torch",
    "transformers",
    "sentence_transformers",
    "faiss",
    "gradio",
    "pandas",
    "numpy",
    "sqlite_utils",
}
LIMIT = 0.3  # seconds of processor time; the wait for a disk that is cold or a busy machine does not count


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


def processor_time(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    run(code)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


HELP = "import sys; sys.argv = ['chatbot', '--help']; from ui.cli import main; main()"


def test_help_names_the_commands() -> None:
    text = run(HELP).stdout
    for command in ("chat", "ask", "ingest", "search", "finetune", "evaluate", "serve", "config"):
        assert f"\n  {command} " in text


def test_help_loads_no_heavy_library() -> None:
    code = (
        f"import atexit, sys; atexit.register(lambda: print(*sorted(set({HEAVY}) & set(sys.modules))));{HELP}"
    )
    assert run(code).stdout.splitlines()[-1] == ""


def test_help_takes_under_a_third_of_a_second() -> None:
    assert min(processor_time(HELP) for _ in range(5)) < LIMIT, os.getloadavg()
