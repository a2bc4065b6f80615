"""Enters HealthSim in the configuration of an MCP host, and takes it out again."""
