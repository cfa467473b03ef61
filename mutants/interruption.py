"""How a run ends: signals, full disks, deadlines, faults of one component."""
