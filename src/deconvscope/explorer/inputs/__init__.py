"""What an explorer looks at: networks and images, loaded, uploaded, and checked."""
