"""What providers call, and where browsers return from a provider's consent page."""
