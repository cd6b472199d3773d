"""What the evidence promises, measured: chances without and with random numbers, beside others."""
