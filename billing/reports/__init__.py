"""What pages read: calls, spend, blocks, statement. Queries only; nothing here writes."""
