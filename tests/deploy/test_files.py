"""The files for deployment: what they name exists, and where their tools are installed, those
agree.
"""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from keramos.cli.group import COMMANDS, keramos

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def instructions():
    """(word, rest) of each instruction of the Dockerfile, continued lines joined."""
    text = re.sub(r"\\\n\s*", " ", (DEPLOY / "Dockerfile").read_text())
    return [
        tuple(line.split(None, 1))
        for line in text.splitlines()
        if line and not line.startswith("#")
    ]


def check_command(words):
    """Every option of a keramos command line exists, and takes or needs no value as given there."""
    command = keramos.get_command(None, words[0])
    assert command is not None, words
    known = {option: parameter for parameter in command.params for option in parameter.opts}
    for word in words[1:]:
        if word.startswith("--"):
            assert word.partition("=")[0] in known, word


def test_the_dockerfile_has_two_stages_and_ends_without_root():
    words = instructions()

    assert [rest for word, rest in words if word == "ARG"] == ["PYTHON=python:3.13-slim"]
    assert [rest.split()[0] for word, rest in words if word == "FROM"] == ["${PYTHON}"] * 2
    assert [rest for word, rest in words if word == "USER"] == ["10001:10001"]
    last = max(place for place, (word, _) in enumerate(words) if word == "FROM")
    assert all(word != "RUN" or "pip" not in rest for word, rest in words[last:]), (
        "nothing is installed in the last stage"
    )


def test_every_instruction_of_the_dockerfile_is_one():
    known = {
        "ARG",
        "FROM",
        "WORKDIR",
        "COPY",
        "RUN",
        "ENV",
        "USER",
        "VOLUME",
        "EXPOSE",
        "STOPSIGNAL",
        "HEALTHCHECK",
        "ENTRYPOINT",
        "CMD",
    }

    assert {word for word, _ in instructions()} <= known


def test_every_file_that_the_dockerfile_copies_is_there():
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            *sources, _ = rest.split()
            for source in sources:
                assert (ROOT / source).exists(), source


def test_the_dockerfile_installs_no_extra_and_starts_a_command_that_exists():
    words = instructions()
    pinned, own = [rest for word, rest in words if word == "RUN" and "pip install" in rest]
    entry, command = (yaml.safe_load(rest) for word, rest in words if word in {"ENTRYPOINT", "CMD"})

    assert shlex.split(pinned)[-3:] == ["--require-hashes", "-r", "requirements/serve.txt"]
    assert shlex.split(own)[-2:] == ["--no-deps", "."]
    assert entry == ["keramos"]
    assert command[0] in COMMANDS
    check_command(command)


def test_the_health_check_of_the_dockerfile_is_python_that_compiles():
    (check,) = [rest for word, rest in instructions() if word == "HEALTHCHECK"]
    program, flag, code = yaml.safe_load(check.partition("CMD ")[2])

    assert (program, flag) == ("python", "-c")
    compile(code, "healthcheck", "exec")
    assert "/readyz" in code


@pytest.mark.slow
def test_the_dockerfile_builds_and_the_image_serves():
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no Docker engine is here")
    tag = "keramos-deploy-test"
    subprocess.run(
        ["docker", "build", "-f", "deploy/Dockerfile", "-t", tag, "."], cwd=ROOT, check=True
    )
    done = subprocess.run(
        ["docker", "run", "--rm", tag, "--version"], capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("keramos, version")


def test_the_serving_runtime_starts_a_command_that_exists_with_its_probes_on_its_port():
    runtime = yaml.safe_load((DEPLOY / "kserve-servingruntime.yaml").read_text())
    (container,) = runtime["spec"]["containers"]

    assert (runtime["apiVersion"], runtime["kind"]) == (
        "serving.kserve.io/v1alpha1",
        "ServingRuntime",
    )
    assert container["name"] == "kserve-container"
    check_command(container["args"])
    ports = {port["containerPort"] for port in container["ports"]}
    (port,) = [int(arg.partition("=")[2]) for arg in container["args"] if arg.startswith("--port=")]
    probes = [
        container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")
    ]
    assert {probe["port"] for probe in probes} == {port} == ports
    assert [probe["path"] for probe in probes] == ["/startupz", "/livez", "/readyz"]
    assert container["securityContext"]["runAsNonRoot"]
    assert {item["name"] for item in runtime["spec"]["supportedModelFormats"]} == {"keras"}


def test_the_probes_of_the_files_are_paths_that_the_server_answers():
    from keramos.serving.assemble import ROUTES

    for path in ("/startupz", "/livez", "/readyz"):
        assert any(route.method == "GET" and route.pattern.fullmatch(path) for route in ROUTES), (
            path
        )


def unit():
    """(section, key, value) of each line of the systemd unit."""
    section, found = "", []
    for line in (DEPLOY / "keramos.service").read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            found.append((section, *line.split("=", 1)))
    return found


def test_the_unit_starts_a_command_that_exists_and_gives_it_time_to_drain():
    values = {key: value for section, key, value in unit() if section == "Service"}
    program, *words = shlex.split(values["ExecStart"])

    assert Path(program).name == "keramos"
    check_command(words)
    assert int(values["TimeoutStopSec"]) > 30


def test_systemd_itself_finds_nothing_wrong_with_the_unit(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    program = tmp_path / "keramos"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = (
        (DEPLOY / "keramos.service").read_text().replace("/opt/keramos/bin/keramos", str(program))
    )
    (tmp_path / "keramos.service").write_text(text)

    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "keramos.service")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_every_file_for_deployment_has_its_paragraph():
    page = (DEPLOY / "README.md").read_text()

    for path in DEPLOY.iterdir():
        if path.name != "README.md":
            assert f"**{path.name}.**" in page
