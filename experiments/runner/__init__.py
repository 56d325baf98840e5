"""What trains a study: its plan, the jobs, the processes that do them, and how far they are."""
