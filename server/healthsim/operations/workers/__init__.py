"""Who makes the blocks of a run: this process, other processes of this machine, or a cluster."""
