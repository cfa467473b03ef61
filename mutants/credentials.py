"""Who gets which credentials, and where secrets show up."""
