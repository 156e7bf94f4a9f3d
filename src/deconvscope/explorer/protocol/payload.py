"""What is sent to browsers: traits by name."""

from typing import Any

Payload = dict[str, Any]
