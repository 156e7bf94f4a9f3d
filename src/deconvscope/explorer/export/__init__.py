"""What an explorer hands out: pages that need no kernel, figures, numbers."""
