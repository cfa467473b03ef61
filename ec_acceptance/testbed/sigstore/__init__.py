"""What keyless signatures rest on: certificate authority, logs, timestamp authority, and how their keys are published.

Everything is made from seeds and fixed times, so that certificates, and reports that show them, stay the same.
"""
