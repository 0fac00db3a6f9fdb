"""The engine: makes each bridge converge, by pulling, merging and pushing (docs/engine.md). No rule of the product."""
