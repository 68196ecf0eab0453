"""Mirrors and feeds: what is kept of them, when they are due, and how they are."""
