"""Stories: which hits report one development, and what each of them brings."""
