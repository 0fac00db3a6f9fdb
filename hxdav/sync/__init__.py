"""The engine: makes each bridge converge, by pulling, merging and pushing (`design.md` §7). No rule of the product."""
