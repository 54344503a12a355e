"""Who may connect to whom, and why: all policies of one state in one compiled form, under one plugin's profile."""
