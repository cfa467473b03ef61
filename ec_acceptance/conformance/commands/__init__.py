"""The commands of `ec-conformance`, a module each (the table is in `cli`)."""
