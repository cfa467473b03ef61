"""The program under test: how it is started, what confines it, and what it takes and leaves behind."""
