"""What people are shown: tables, key numbers, and the report as one file."""
