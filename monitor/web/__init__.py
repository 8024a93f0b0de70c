"""The store's face in the browser: pages that need no script, behind a guard. Pages read through the store; the few changes are POSTs."""
