"""The deployment files fit the code: nothing here needs a Docker engine."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipeline.graph.configuration import NEO4J_VERSION
from pipeline.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
PREFECT = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))


def test_the_services_come_back_and_are_bounded() -> None:
    assert COMPOSE["services"].keys() == {"neo4j", "postgres", "prefect", "worker", "gpu-worker"}
    for name, service in COMPOSE["services"].items():
        assert service["restart"] == "unless-stopped"
        assert service["mem_limit"]
        assert ("healthcheck" in service) == ("worker" not in name)


def test_everything_is_published_on_loopback_only() -> None:
    published = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_the_versions_are_those_of_the_lock() -> None:
    assert COMPOSE["services"]["neo4j"]["image"] == f"neo4j:{NEO4J_VERSION}-community"
    # What runs and what schedules are one image, made from the lock.
    assert [
        (COMPOSE["services"][name]["build"], COMPOSE["services"][name]["image"]) for name in ("prefect", "worker", "gpu-worker")
    ] == [(".", "hyperlearn")] * 3
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert dockerfile.count("uv sync --locked --no-dev") == 2
    assert "USER hyperlearn" in dockerfile


def test_the_worker_sets_what_the_settings_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in COMPOSE["services"]["worker"]["environment"].items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    assert settings.neo4j_uri == "bolt://neo4j:7687"
    assert settings.neo4j_user == "neo4j"
    assert settings.home == Path("/data")
    assert settings.embedded is None
    assert settings.neo4j_password_file == Path("/run/secrets/neo4j")


def test_the_gpu_worker_is_started_on_request_and_is_else_like_the_other() -> None:
    worker, gpu = COMPOSE["services"]["worker"], COMPOSE["services"]["gpu-worker"]
    assert {name for name in gpu if gpu[name] != worker.get(name)} == {"profiles", "command", "deploy"}
    assert gpu["profiles"] == ["gpu"]
    (reserved,) = gpu["deploy"]["resources"]["reservations"]["devices"]
    assert (reserved["driver"], reserved["capabilities"]) == ("nvidia", ["gpu"])
    # What is deployed to its pool is what it takes, and insists on the GPU.
    (line,) = re.findall(
        r"^#   docker compose exec gpu-worker (hyperlearn deploy .*)$",
        (ROOT / "docker-compose.yml").read_text(encoding="utf-8"),
        re.M,
    )
    assert line.endswith(f"--pool {gpu['command'][gpu['command'].index('--pool') + 1]} --device cuda")


def test_secrets_are_files_that_are_named_where_they_are_read() -> None:
    for name, service in COMPOSE["services"].items():
        read = set(re.findall(r"/run/secrets/(\w+)", str(service)))
        assert read == set(service["secrets"]), name
    assert COMPOSE["secrets"] == {name: {"file": f"secrets/{name}"} for name in ("neo4j", "neo4j_auth", "postgres")}
    for file in (".gitignore", ".dockerignore"):
        assert "secrets" in (ROOT / file).read_text(encoding="utf-8")


def test_the_deployment_names_a_flow_and_its_parameters() -> None:
    (deployment,) = PREFECT["deployments"]
    file, name = deployment["entrypoint"].split(":")
    source = (ROOT / file).read_text(encoding="utf-8")
    signature = re.search(rf"^def {name}\((.*?)\) ->", source, re.MULTILINE | re.DOTALL)
    assert signature is not None
    assert all(f"{parameter}:" in signature[1] for parameter in deployment["parameters"])
    assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}


def test_the_compose_file_is_valid() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_prefect_s_file_deploys_the_films_as_the_command_does() -> None:
    from flows.deployment import deployment
    from flows.scheduled import scheduled

    (stated,) = PREFECT["deployments"]
    made = deployment(scheduled("movies", None, {"cron": "0 4 * * *"}), stated["work_pool"]["name"])
    assert (stated["name"], stated["description"], stated["tags"]) == (made.name, made.description, made.tags)
    defaults = {"path": None, "device": "auto", "allow_removal": False, "keep_stale": False, "tune_seconds": 60}
    assert {**defaults, **stated["parameters"]} == made.parameters
    assert stated["work_pool"]["job_variables"] == made.job_variables
    assert stated["concurrency_limit"]["limit"] == made.concurrency_limit
    assert made.concurrency_options is not None
    assert stated["concurrency_limit"]["collision_strategy"] == made.concurrency_options.collision_strategy
