"""Answers as people read them, one file a kind of answer."""
