"""What the process tells its service manager, and how it writes its log."""
