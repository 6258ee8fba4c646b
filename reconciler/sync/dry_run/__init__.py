"""The dry run: the same pass, with stores and a repository that keep their writes in memory."""
