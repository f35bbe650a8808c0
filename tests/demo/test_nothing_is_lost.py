"""The demo writes over what it made, and never over what somebody changed."""

from pathlib import Path

import pytest

from apportion.cli.commands.demo import _require_ours
from apportion.demo import write_notifications
from apportion.findings import UsageError


def test_a_platform_may_be_written_again_until_its_model_is_changed(tmp_path: Path) -> None:
    _require_ours("notifications", tmp_path / "absent")
    write_notifications(tmp_path)
    _require_ours("notifications", tmp_path)
    accounts = tmp_path / "model" / "accounts.csv"
    accounts.write_text(accounts.read_text(encoding="utf-8") + "mine\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"would be lost: model/accounts\.csv"):
        _require_ours("notifications", tmp_path)


def test_another_workspace_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="something else"):
        _require_ours("notifications", tmp_path)
