"""Mistakes in putting a model from outside, and in asking a server from Python."""

from planting import Defect

PUT = "tests/ledger/test_put_model.py"
TEXTS = "tests/properties/test_put_models.py"
CLIENT = "tests/client/test_client_connection.py"

DEFECTS = (
    Defect(
        "settings can be changed from outside",
        "ledger/proposed_model.py",
        "        if getattr(theirs, key) != getattr(ours, key)\n",
        "        if key not in ours.places and getattr(theirs, key) != getattr(ours, key)\n",
        (f"{PUT}::test_settings_are_not_changed_from_outside[settings0]",),
    ),
    Defect(
        "who is late overwrites what another put",
        "ledger/record_model.py",
        "    if not expected or (now is not None and now.digest == expected):\n",
        "    if not expected or now is not None:\n",
        (f"{PUT}::test_a_model_that_is_another_by_now_is_refused",),
    ),
    Defect(
        "a model is put through a link",
        "ledger/record_model.py",
        "    if not versions.is_symlink() and (versions.is_dir() or not versions.exists()):\n",
        "    if versions.is_dir() or not versions.exists():\n",
        (f"{PUT}::test_nothing_is_written_through_a_link[models]",),
    ),
    Defect(
        "text that YAML takes for a number loses its quotes",
        "model/model_text.py",
        "    bare = _BARE.fullmatch(text) and text.lower() not in _WORDS\n",
        "    bare = text.lower() not in _WORDS\n",
        (f"{TEXTS}::test_names_that_yaml_could_take_for_something_else_are_put",),
    ),
    Defect(
        "a repeated write has another key",
        "client/connection.py",
        "                        headers=headers,\n                        content=",
        "                        headers=headers and {**headers, KEY: str(failed)},\n"
        "                        content=",
        (f"{CLIENT}::test_an_upload_is_sent_again_whole_and_under_the_same_key",),
    ),
)
