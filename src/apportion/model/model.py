"""A proven model: loaded from a workspace's files or from a dictionary, and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from apportion.findings import MEMORY, Finding, ModelError, Place, only_errors
from apportion.model import canonical
from apportion.model.build import build
from apportion.model.checks import run_checks
from apportion.model.declared import Declared
from apportion.model.files import read_files
from apportion.model.gather import Gathered


@dataclass(frozen=True, repr=False)
class Model(Declared):
    """A model without errors. ``warnings`` holds what is doubtful about it.

    Two models with the same ``digest`` give the same results from the same costs and usage.
    """

    warnings: tuple[Finding, ...] = ()

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any]) -> Self:
        """Build a model from a dictionary with the keys of the files.

        Settings stand at the top level or under ``settings``. A finding's line is the number of
        the record in its list. Raises ``ModelError`` with all findings.
        """
        gathered = Gathered()
        if isinstance(mapping, Mapping):
            gathered.add_document(mapping, MEMORY.file, with_settings=True)
        else:
            message = f"A model is a mapping; this is a {type(mapping).__name__}."
            gathered.findings.append(Finding("wrong_type", message))
        return cls.proven(gathered)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a workspace's folder, or one YAML file. Raises ``ModelError`` with all findings."""
        return cls.proven(read_files(Path(path)))

    @classmethod
    def proven(cls, gathered: Gathered) -> Self:
        """Build and check what was gathered. Raises ``ModelError`` with all findings."""
        declared, findings = judge(gathered)
        if only_errors(findings):
            raise ModelError(findings)
        return cls(**_records(declared), warnings=findings)

    @classmethod
    def recorded(cls, mapping: Mapping[str, Any]) -> Self:
        """Build a model that was recorded beside a result, and proved before that.

        Raises ``ModelError`` where it can no longer be read.
        """
        gathered = Gathered()
        gathered.add_document(mapping, MEMORY.file, with_settings=True)
        return cls.proved_before(_readable(gathered))

    @classmethod
    def proved_before(cls, declared: Declared) -> Self:
        """Take records that were proved before, as their digest tells, without proving them."""
        return cls(**_records(declared))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content, whatever the order of files, lists and keys."""
        return canonical.digest(self)

    def to_dict(self) -> dict[str, Any]:
        """The content as ``from_dict`` reads it, in canonical order."""
        return canonical.to_dict(self)

    def __repr__(self) -> str:
        """Name the size; the content may have 100,000 edges."""
        return f"Model({self.settings.name!r}, {len(self.nodes)} nodes, {len(self.edges)} edges)"


def load_model(path: Path | str) -> Model:
    """Read and prove a workspace's model: ``apportion.yaml`` and all files in its model folder.

    ``path`` is the workspace's folder, or one YAML file that holds a whole model. Raises
    ``ModelError`` with all findings, ``not_a_workspace`` among them.
    """
    return Model.load(path)


def read_declared(path: Path | str) -> Declared:
    """Read a workspace's model without proving it, to compare its digest with that of a proved one.

    Raises ``ModelError`` where it cannot be read.
    """
    return _readable(read_files(Path(path)))


def _readable(gathered: Gathered) -> Declared:
    declared = build(gathered.settings, gathered.lists, gathered.findings)
    if only_errors(gathered.findings):
        raise ModelError(gathered.findings)
    return declared


def _records(declared: Declared) -> dict[str, Any]:
    return {field.name: getattr(declared, field.name) for field in fields(declared)}


def validate(path: Path | str) -> tuple[Finding, ...]:
    """Everything that is wrong or doubtful about a workspace's model, in the order of places."""
    return judge(read_files(Path(path)))[1]


def judge(gathered: Gathered) -> tuple[Declared, tuple[Finding, ...]]:
    """Build what was gathered and check it.

    Where a file could not be read the checks are left out: they would blame the files that could.
    """
    findings = gathered.findings
    declared = build(gathered.settings, gathered.lists, findings)
    if gathered.complete:
        findings.extend(run_checks(declared))
    return declared, tuple(sorted(findings, key=_where))


def _where(finding: Finding) -> Place:
    return finding.where
