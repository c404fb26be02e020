"""One module a command. Together with :mod:`redactor.cli` the only places that print or exit."""
