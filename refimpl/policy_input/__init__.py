"""What a rule sees: the document ``input``."""
