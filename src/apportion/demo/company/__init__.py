"""Fernway, an invented company that sells rail, coach and ferry tickets online."""
