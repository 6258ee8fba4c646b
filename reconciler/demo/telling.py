"""The thread of the story: numbered steps, promises that are kept or broken."""

from dataclasses import dataclass, field

from reconciler.demo.paper import Paper


@dataclass(slots=True, kw_only=True)
class Telling:
    """What is told so far."""

    paper: Paper
    number: int = 0
    kept: int = 0
    broken: list[str] = field(default_factory=list)

    def begin(self, title: str, *words: str) -> None:
        """A new step."""
        self.number += 1
        self.paper.chapter(self.number, title)
        self.paper.say(*words)
        self.paper.line()

    def promise(self, text: str, kept: bool) -> None:
        """Say whether something is as it must be."""
        self.paper.verdict(text, good=kept)
        if kept:
            self.kept += 1
        else:
            self.broken.append(text)
