"""Both ends of the WebSocket benchmark, each in its own process: who writes events, and who hears them."""
