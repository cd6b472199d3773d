"""Effects on other systems: connectors, which act for the executor and for nobody else."""
