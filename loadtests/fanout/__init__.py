"""Both ends of the WebSocket benchmark, each in processes of its own: who writes events, and who hears them."""
