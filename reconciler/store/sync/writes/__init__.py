"""Statements about single writes to GitHub."""
