"""Pictures of a scenario: charts as Vega-Lite with the small table behind each. No MCP here."""
