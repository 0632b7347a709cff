"""What the stages share: settings, the two databases, the services of a local run, the command line."""
