"""What keeps the pipeline running unattended: history, state of everything, soundness, notices, deployments."""
