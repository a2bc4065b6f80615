"""The report of a scenario: one page without scripts, and the view of a picture in a chat."""
