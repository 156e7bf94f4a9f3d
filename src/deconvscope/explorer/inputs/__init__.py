"""What an explorer shows: networks and images, loaded, uploaded and checked."""
