"""The files that deploy the server keep their promises, and the threat model names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from cds.cli.main import app
from cds.errors import SettingsError
from cds.settings import Settings, load_settings
from cds.web.clients import Client

ROOT = Path(__file__).parents[2]
KUBERNETES = [
    document
    for path in sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
SETTINGS = {f"CDS_{name.upper()}" for name in Settings.model_fields}
OF_A_SERVICE_CALLED_CDS = {"CDS_SERVICE_HOST", "CDS_PORT"}
"""What Kubernetes puts into the containers of a namespace for every Service that is called `cds`."""


def of_kind(kind):
    return next(document for document in KUBERNETES if document["kind"] == kind)


def pod():
    return of_kind("Deployment")["spec"]["template"]["spec"]


def test_the_pod_runs_without_rights():
    (container,) = pod()["containers"]
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_pod_is_asked_at_the_right_addresses_and_has_time_to_end():
    (container,) = pod()["containers"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert container["readinessProbe"]["httpGet"]["path"] == container["startupProbe"]["httpGet"]["path"] == "/readyz"
    drain = float(of_kind("ConfigMap")["data"]["CDS_DRAIN_SECONDS"])
    assert pod()["terminationGracePeriodSeconds"] > drain + 30
    assert drain > 2 * container["readinessProbe"]["periodSeconds"]


@pytest.mark.parametrize("kind", ["PodDisruptionBudget", "NetworkPolicy"])
def test_what_guards_the_pods_selects_them(kind):
    selector = of_kind(kind)["spec"].get("selector") or of_kind(kind)["spec"]["podSelector"]
    labels = of_kind("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert selector["matchLabels"].items() <= labels.items()
    assert of_kind("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"] == "cds"


def test_kubernetes_puts_no_variables_that_look_like_settings_into_the_pod():
    for name in OF_A_SERVICE_CALLED_CDS:
        with pytest.raises(SettingsError, match=f"{name} is not a setting"):
            load_settings({name: "10.0.0.1"})
    assert pod()["enableServiceLinks"] is False
    assert "enableServiceLinks: false" in (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")


def test_every_address_of_the_network_policy_is_marked_to_be_changed():
    text = (ROOT / "deploy" / "kubernetes" / "cds.yaml").read_text(encoding="utf-8")
    policy = text.partition("kind: NetworkPolicy")[2]
    for address in ("ingress}", "monitoring}", "{app: postgres}", "{cidr: 192.0.2.0/24}"):
        assert f"{address} # CHANGE" in policy


def test_docker_compose_waits_for_the_database_that_stays_and_starts_again_what_ended():
    test = COMPOSE["postgres"]["healthcheck"]["test"]
    assert test[test.index("-h") + 1] == "127.0.0.1"
    assert {COMPOSE[name]["restart"] for name in ("postgres", "hapi", "cds")} == {"unless-stopped"}


def test_docker_compose_says_which_fhir_server_a_call_names():
    allowed = COMPOSE["cds"]["environment"]["CDS_FHIR_SERVERS"]
    head = (ROOT / "docker-compose.yml").read_text(encoding="utf-8").partition("services:")[0]
    assert allowed in head


@pytest.mark.parametrize(
    "file", ["deploy/kubernetes/cds.yaml", "docker-compose.yml", "Dockerfile", "docs/operators.md", "README.md"]
)
def test_every_setting_that_a_file_names_exists(file):
    named = set(re.findall(r"\bCDS_[A-Z_]+\b", (ROOT / file).read_text(encoding="utf-8")))
    assert named <= SETTINGS | OF_A_SERVICE_CALLED_CDS


def test_every_setting_is_in_the_readme():
    named = set(re.findall(r"\bCDS_[A-Z_]+\b", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert named >= SETTINGS


def test_every_command_is_in_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    named = {"": app, **{f"{name} ": group for name, group in groups.items() if group is not None}}
    commands = {
        f"{prefix}{command.name or command.callback.__name__}"
        for prefix, part in named.items()
        for command in part.registered_commands
        if command.callback is not None
    }
    assert {"serve", "doctor", "elm check", "sandbox load"} <= commands
    assert [command for command in sorted(commands) if f"| `cds {command}" not in text] == []


def test_every_member_of_a_registered_client_is_described():
    text = (ROOT / "docs" / "integrators.md").read_text(encoding="utf-8")
    members = {field.alias or name for name, field in Client.model_fields.items()}
    assert members == set(re.findall(r"^\| `(\w+)` \|", text.partition("## Client authentication")[2], re.MULTILINE))


def test_the_threat_model_names_tests_that_exist():
    text = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
    named = set(re.findall(r"tests/[\w/.]+\w", text))
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_architecture_names_the_layers_that_are_enforced():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    layers = re.findall(r'^  "(.+)",$', text.partition("layers = [")[2].partition("]")[0], re.MULTILINE)
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert "\n".join(layers) in page
