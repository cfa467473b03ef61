"""HTTP as all parts speak it: one transport, its limits, and the header fields that need a parser."""
