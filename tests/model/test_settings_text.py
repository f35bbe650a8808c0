"""One line of ``apportion.yaml`` changed by a program, however people wrote the file."""

import pytest

from apportion.model.settings_text import with_model_folder

FOLDER = "models/0002"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("name: a\n", "name: a\nmodel_folder: models/0002\n"),
        ("name: a", "name: a\nmodel_folder: models/0002\n"),
        ("name: a\r\n", "name: a\r\nmodel_folder: models/0002\r\n"),
        ("", "model_folder: models/0002\n"),
        ("# nothing yet\n", "# nothing yet\nmodel_folder: models/0002\n"),
        ("model_folder: model # ours\nname: a\n", "model_folder: models/0002 # ours\nname: a\n"),
        ("model_folder: 'model'\n", "model_folder: models/0002\n"),
        ('"model_folder" : "model"\n', '"model_folder" : models/0002\n'),
        ("model_folder:\nname: a\n", "model_folder: models/0002\nname: a\n"),
        ("model_folder: # none\nname: a\n", "model_folder: models/0002 # none\nname: a\n"),
        ("{name: a}\n", "{model_folder: models/0002, name: a}\n"),
        ("{}", "{model_folder: models/0002}"),
        ("---\nname: a\n...\n", "---\nmodel_folder: models/0002\nname: a\n...\n"),
        ("  name: a\n  scale: 2\n", "  name: a\n  scale: 2\n  model_folder: models/0002\n"),
        ("settings: {model_folder: model, scale: 2}\n",
         "settings: {model_folder: models/0002, scale: 2}\n"),
        ("settings:\n  scale: 2\n", "settings:\n  scale: 2\nmodel_folder: models/0002\n"),
        ("settings:\n  model_folder: a\n", "settings:\n  model_folder: models/0002\n"),
        ("\ufeffname: é\n", "\ufeffname: é\nmodel_folder: models/0002\n"),
        ("\ufeffmodel_folder: é # é\n", "\ufeffmodel_folder: models/0002 # é\n"),
        ("name: |+\n  a\n\n\n", "name: |+\n  a\n\n\nmodel_folder: models/0002\n"),
        ("name: >-\n  a\n  model_folder: x\n",
         "name: >-\n  a\n  model_folder: x\nmodel_folder: models/0002\n"),
        ("name: 'model_folder: x'\n", "name: 'model_folder: x'\nmodel_folder: models/0002\n"),
    ],
)  # fmt: skip
def test_all_other_bytes_are_kept(before: str, after: str) -> None:
    changed = with_model_folder(before.encode(), FOLDER)
    assert changed is not None
    assert changed.decode() == after


@pytest.mark.parametrize(
    "before", [b"- a\n", b"a: [\n", b"a: 1\na: 2\n", b"\xff", b"a: &b 1\n", b"text"]
)
def test_what_cannot_be_changed_is_left(before: bytes) -> None:
    assert with_model_folder(before, FOLDER) is None
