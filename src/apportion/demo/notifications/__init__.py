"""Heliograph, an invented platform that sends text messages and e-mail for public services."""
