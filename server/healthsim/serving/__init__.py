"""How the server is reached and how it ends: stdin and stdout, HTTP, signals."""
