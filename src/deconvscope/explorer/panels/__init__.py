"""What is shown beside the pictures, computed while nothing is asked."""
