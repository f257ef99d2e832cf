"""What several seeds say."""
