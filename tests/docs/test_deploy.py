"""docs/deploy and systemd: compose file, image and unit name keys that exist, and every secret."""

import re
import tomllib

import yaml

from reconciler.config.sources import environment_variable_of_key, known_keys, type_of_key
from reconciler.model.secret import Secret
from tests.docs.markdown import ROOT, read

DEPLOY = ROOT / "docs" / "deploy"
VARIABLES = {environment_variable_of_key(key) for key in known_keys()}


def test_the_compose_file_sets_variables_that_the_program_reads() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    service = compose["services"]["reconciler"]
    assert service["environment"].keys() <= VARIABLES
    assert (service["read_only"], service["stop_grace_period"]) == (True, "10s")


def test_the_image_and_the_pages_name_variables_that_the_program_reads() -> None:
    for path in (ROOT / "Containerfile", *sorted(DEPLOY.glob("*.md"))):
        named = set(re.findall(r"RECONCILER_[A-Z_]+__[A-Z_]+", path.read_text(encoding="utf-8")))
        assert named <= VARIABLES, path.name


def test_the_image_gets_every_file_that_the_wheel_is_built_from() -> None:
    hatch = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]
    wheel = hatch["build"]["targets"]["wheel"]
    needed = [*(name.lstrip("/") for name in wheel["include"]), *wheel["force-include"]]
    admitted = [
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    ]
    copied = (ROOT / "Containerfile").read_text(encoding="utf-8")
    assert set(needed) <= set(admitted)
    assert all(name in copied for name in needed)


def test_the_unit_loads_every_secret_of_the_configuration() -> None:
    unit = (ROOT / "systemd" / "bugspark-reconciler.service").read_text(encoding="utf-8")
    loaded = re.findall(r"^LoadCredential=([^:\n]+):bugspark-reconciler\.\1$", unit, re.MULTILINE)
    secrets = [key for key in known_keys() if type_of_key(key) is Secret]
    assert sorted(loaded) == sorted([*secrets, "github.app.private_key"])


def test_each_way_to_run_it_has_a_page() -> None:
    linked = {link.partition("#")[0] for link in read(DEPLOY / "README.md").links}
    assert {path.name for path in DEPLOY.glob("*.md")} - {"README.md"} <= linked
