"""What pages show besides the answers that programs get."""
