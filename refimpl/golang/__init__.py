"""How Go writes and reads things, each once: the contract is that of a program written in it."""
