"""The queue of passes, as those see it who only want a project looked at soon."""

from typing import Protocol

from reconciler.model.ids import ProjectId


class Queue(Protocol):
    """Passes that wait to be run. A project waits once at most and runs once at a time."""

    async def nudge(self, project_id: ProjectId) -> None:
        """Ask for a pass as soon as one may run. Asking again while one waits changes nothing; asking while
        one runs leads to another after it. Raises DatabaseError where the queue is kept in the database.
        """
        ...
