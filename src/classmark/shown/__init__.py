"""What the public functions give: judgements, comparisons and audits that show themselves and write their pages."""
