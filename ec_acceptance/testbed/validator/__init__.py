"""The program under test: how it is started, its sandbox, and what it takes and leaves behind."""
