"""Moving pictures as files: encode, conform, assemble, inspect. Knows neither the queue nor the API."""
