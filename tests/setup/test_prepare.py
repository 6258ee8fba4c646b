"""The preparation installs what it can, reports at once what it cannot, and changes nothing that exists."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.setup import apt, chromium, node_packages, prepare
from tests.setup.needs import Need


class World:
    """A machine on which things can be missing. `installed`: what was asked of apt-get and Playwright."""

    def __init__(self, *, absent: set[str], apt_brings: set[str], download_brings: set[str]) -> None:
        self.absent = absent
        self.installed: list[str] = []
        self._apt_brings = apt_brings
        self._download_brings = download_brings

    def problem(self, name: str) -> Callable[[], str]:
        return lambda: f"no {name}" if name in self.absent else ""

    def apt(self, packages: list[str]) -> str:
        self.installed += [f"apt-get {package}" for package in packages]
        self.absent -= self._apt_brings
        return "" if self._apt_brings else "apt-get install failed: E: no network"

    def npm(self) -> str:
        self.installed.append("npm")
        self.absent.discard("npm packages")
        return ""

    def download(self) -> str:
        self.installed.append("download")
        self.absent -= self._download_brings
        return "" if self._download_brings else "Playwright's download failed: no network"


def need(world: World, name: str, part: str, **packages: str) -> Need:
    return Need(name=name, part=part, packages=packages, problem=world.problem(name))


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    def make(
        *absent: str,
        apt_brings: tuple[str, ...] = (),
        download_brings: tuple[str, ...] = (),
        root: bool = True,
    ) -> World:
        world = World(absent=set(absent), apt_brings=set(apt_brings), download_brings=set(download_brings))
        needs = (
            need(world, "Chromium", "browser", Debian="chromium"),
            need(world, "Playwright", "browser", Debian="libatomic1"),
            need(world, "npm packages", "browser"),
            need(world, "namespaces", "systemd"),
            need(world, "systemd", "systemd", Debian="systemd"),
        )
        monkeypatch.setattr(prepare, "NEEDS", needs)
        monkeypatch.setattr(prepare, "has_apt", lambda: root)
        monkeypatch.setattr(apt, "install", world.apt)
        monkeypatch.setattr(chromium, "download", world.download)
        monkeypatch.setattr(node_packages, "install", world.npm)
        return world

    return make


def test_where_nothing_is_missing_nothing_is_installed(
    machine: Callable[..., World], capsys: pytest.CaptureFixture[str]
) -> None:
    world = machine()
    assert prepare.main([]) == 0
    assert world.installed == []
    assert capsys.readouterr().out.startswith(
        "ready: Chromium, Playwright, npm packages, namespaces, systemd\n"
    )


def test_chromium_comes_from_playwright_first(machine: Callable[..., World]) -> None:
    world = machine("Chromium", download_brings=("Chromium",))
    assert prepare.main([]) == 0
    assert world.installed == ["download"]


def test_all_packages_are_installed_at_once_where_the_download_fails(machine: Callable[..., World]) -> None:
    world = machine("Chromium", "systemd", apt_brings=("Chromium", "systemd"))
    assert prepare.main([]) == 0
    assert world.installed == ["download", "apt-get chromium", "apt-get systemd"]


def test_npm_runs_after_the_packages_of_the_system(machine: Callable[..., World]) -> None:
    world = machine("Playwright", "npm packages", apt_brings=("Playwright",))
    assert prepare.main([]) == 0
    assert world.installed == ["apt-get libatomic1", "npm"]


def test_nothing_is_downloaded_by_a_playwright_that_does_not_start(machine: Callable[..., World]) -> None:
    world = machine("Chromium", "Playwright", apt_brings=("Chromium", "Playwright"))
    assert prepare.main([]) == 0
    assert world.installed == ["apt-get chromium", "apt-get libatomic1"]


def test_a_missing_requirement_is_reported_before_anything_is_installed(
    machine: Callable[..., World], capsys: pytest.CaptureFixture[str]
) -> None:
    world = machine("Chromium", "systemd", download_brings=("Chromium",), root=False)
    assert prepare.main([]) == 1
    assert world.installed == []
    output = capsys.readouterr().err
    assert "systemd (systemd): no systemd" in output
    assert "make test WITHOUT=systemd" in output


def test_what_could_not_be_installed_ends_the_run(
    machine: Callable[..., World], capsys: pytest.CaptureFixture[str]
) -> None:
    machine("Chromium")
    assert prepare.main([]) == 1
    out, err = capsys.readouterr()
    assert "download failed: no network" in out
    assert "apt-get install failed: E: no network" in out
    assert "Chromium (browser): no Chromium" in err


def test_an_excluded_part_is_not_searched_for(machine: Callable[..., World]) -> None:
    world = machine("Chromium", "namespaces", root=False)
    assert prepare.main(["--without=systemd,browser"]) == 0
    assert prepare.main(["--without=", "--", "tests/decide", "-k", "text"]) == 0
    assert world.installed == []


def test_a_wrong_word_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        prepare.main(["--without=slow"])
    assert ended.value.code == 2
    assert "slow is none of browser, systemd" in capsys.readouterr().err


@pytest.mark.parametrize("script", sorted(Path(__file__).parent.glob("*.sh")), ids=lambda path: path.name)
def test_a_script_names_no_mirror(script: Path) -> None:
    assert re.findall(r"https?://(?!127\.0\.0\.1)", script.read_text()) == []
