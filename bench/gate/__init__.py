"""What the gate costs, part by part and with the commit, beside other policy engines."""
