"""The workspace that ``apportion init`` writes: small, commented, and ready to run."""

from apportion.templates.workspace import write_workspace

__all__ = ["write_workspace"]
