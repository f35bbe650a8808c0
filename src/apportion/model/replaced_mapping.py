"""A model with more mapping rules than its files have, to try them before they count."""

from pathlib import Path

from apportion.findings import MEMORY, Finding, ModelError, Place
from apportion.model.files import add_file
from apportion.model.gather import Gathered
from apportion.model.model import Model


def with_rules(model: Model, rules: Path, *, alone: bool = False) -> Model:
    """The model with the rules of a file before its own, or ``alone``: instead of them.

    The file may declare nodes as well, which then stand beside those of the model. Raises
    ``ModelError`` with all findings; their places are those of the file.
    """
    gathered = Gathered()
    document = model.to_dict()
    own = {"mapping": document.pop("mapping", [])}
    gathered.add_document(document, MEMORY.file, with_settings=True)
    if not rules.is_file():
        message = "There is no such file."
        raise ModelError([Finding("unreadable_file", message, Place(str(rules)))])
    add_file(rules, gathered)
    if not alone:
        gathered.add_document(own, MEMORY.file, with_settings=False)
    return Model.proven(gathered)
