"""The simulator's tests ask the simulator itself."""

from tests.support.github import github, github_process

__all__ = ["github", "github_process"]
