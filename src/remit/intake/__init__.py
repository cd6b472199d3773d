"""What may enter: fields with three outcomes, detection, masking, the vault, quarantine."""
