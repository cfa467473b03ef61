"""The command line: commands and flags as data, their parsing, the options that come of them."""
