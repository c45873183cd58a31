"""Write a simulated half year in the formats that senders really have, one module each."""
