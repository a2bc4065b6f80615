"""Peer test suites against the real server: MCP's conformance suite, and the Inspector."""
