"""What people decide about evidence."""
